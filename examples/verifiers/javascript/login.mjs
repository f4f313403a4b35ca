// A log-in with the authentication certificate: the challenges of this service, and the answer to one.
import { randomBytes, verify, X509Certificate } from "node:crypto";
import { certificate } from "./der.mjs";

// The policy of the test hierarchy's certificates for authentication, and TLS client authentication.
const POLICY = "1.2.392.200149.8.5.1.0.30";
const CLIENT = "1.3.6.1.5.5.7.3.2";
// Alternative names, constraints, key identifiers, usages, policies and distribution points (RFC 5280, 4.2.1).
const KNOWN = ["14", "15", "17", "18", "19", "31", "32", "35", "37"].map((last) => `2.5.29.${last}`);
const DIGITAL_SIGNATURE = 0;

export class LogIn {
  sessions = new Map();

  // How long a challenge is good, in milliseconds.
  constructor(lifetime) {
    this.lifetime = lifetime;
  }

  // A new session with its challenge.
  begin() {
    const [session, challenge] = [randomBytes(16).toString("hex"), randomBytes(32)];
    this.sessions.set(session, { challenge, begun: Date.now() });
    return { session, challenge: challenge.toString("base64") };
  }

  // Throws what is wrong with an answer.
  finish({ session, certificate: der, signature, challenge }, trust, now, { must, without }) {
    const begun = this.sessions.get(session);
    must("A01", begun && !begun.used, "the session is not open");
    begun.used = true;
    must("A03", Date.now() - begun.begun <= this.lifetime, "the challenge has ended");
    // What the client states as its challenge is not read: the service signs nothing that it has not chosen.
    const open = without.has("A02") ? [...this.sessions.values()].map((one) => one.challenge) : [begun.challenge];
    const challenges = without.has("A04") && challenge ? [challenge] : open;
    const key = new X509Certificate(der).publicKey;
    // RSASSA-PKCS1-v1_5 with SHA-256: the whole padded block is compared (RFC 8017, 8.2.2).
    const right = challenges.some((one) => verify("sha256", one, key, signature));
    must("A05", right, "the certificate's key has not signed this session's challenge");
    verifyCertificate(der, trust, now, { must });
  }
}

function verifyCertificate(der, trust, now, { must }) {
  const [leaf, fields] = [new X509Certificate(der), certificate(der)];
  const valid = (one) => one.notBefore <= now && now <= one.notAfter;
  const named = trust.cardholders.filter((one) => certificate(one.raw).subject.equals(fields.issuer));
  const signer = named.find((one) => leaf.verify(one.publicKey));
  must("A13", signer, "no trusted authority has signed the certificate");
  must("A26", !signer || valid(certificate(signer.raw)), "the authority's certificate is not valid now");
  const isForSignatures = signer && !signer.subject.includes("user authentication");
  must("A18", !isForSignatures, "the certificate is for signatures, which no log-in may consume");
  if (isForSignatures) return;
  must("A19", fields.keyUsage.includes(DIGITAL_SIGNATURE), "the key is not for digital signatures");
  must("A20", leaf.keyUsage?.includes(CLIENT), "the key is not for the authentication of clients");
  must("A21", fields.policies.join() === POLICY, "the policy is another one");
  must("A22", fields.critical.every((id) => KNOWN.includes(id)), "an unknown extension is critical");
  must("A23", !fields.repeated, "an extension is there twice");
  must("A24", valid(fields), "the certificate is not valid now");
  const { modulusLength, publicExponent } = leaf.publicKey.asymmetricKeyDetails;
  must("A40", modulusLength >= 2048 && publicExponent === 65537n, "the key is short or odd");
}
