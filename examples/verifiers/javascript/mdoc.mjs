// The answer of a phone with an mdoc, checked by ISO/IEC 18013-5. Each check is one line with its identifier.
import { createHash, createPublicKey, verify, X509Certificate } from "node:crypto";
import { array, byteString, decode, embedded, inside, text } from "./cbor.mjs";
import { certificate, revocationList } from "./der.mjs";

const NAMESPACE = "org.iso.23220.1";
const NAMESPACE_JP = "org.iso.23220.1.jp";
// Document signer of an mdoc (ISO/IEC 18013-5, Annex B). The value of Japan's issuer is not published: assumed.
const SIGNER = "1.0.18013.5.1.2";
const DIGESTS = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const CURVES = { prime256v1: { algorithm: -7, hash: "sha256" }, secp384r1: { algorithm: -35, hash: "sha384" } };
const LIST_HASHES = { "1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384" };

// Throws what is wrong, or returns notices. `input` has mdoc, transcript and request; `trust` has roots and lists.
export function verifyMdoc(input, trust, now, { must, notice, without }) {
  const strict = !without.has("P05");
  const response = decode(input.mdoc, strict);
  const documents = response.get("documents") ?? [];
  must("M18a", documents.length > 0, "there is no document");
  must("M18b", response.get("status") === 0, "the device reports an error");
  notice("M20", documents.length < 2, "there are several documents");
  const asked = readRequest(input.request);
  for (const document of documents) {
    const issuerSigned = document.get("issuerSigned");
    const auth = issuerSigned.get("issuerAuth");
    const object = inside(decode(auth[2], strict), strict);
    must("M11a", document.get("docType") === object.get("docType"), "the document type is not the signed one");
    must("M11b", object.get("docType") === asked.docType, "another document type was asked for");
    verifyIssuer(auth, object, trust, now, { must, without });
    const values = verifyElements(issuerSigned.get("nameSpaces"), object, strict, { must, without });
    verifyDevice(document, object, input.transcript, strict, { must });
    notice("M21", !object.has("status"), "the status of the mdoc was not checked");
    notice("M16", asked.names.every((name) => values.has(name)), "an element was withheld");
    notice("M17", [...values.keys()].every((name) => asked.names.includes(name)), "an element was not asked for");
    notice("M19", agree(values, now), "elements contradict each other");
  }
}

function readRequest(bytes) {
  const [request] = decode(bytes).get("docRequests");
  const items = inside(request.get("itemsRequest"));
  const names = [...items.get("nameSpaces")].flatMap(([space, ids]) => [...ids.keys()].map((id) => `${space} ${id}`));
  return { docType: items.get("docType"), names };
}

function verifyIssuer(auth, object, trust, now, { must, without }) {
  const [protectedBytes, unprotected, payload, signature] = auth;
  const header = protectedBytes.length > 0 ? decode(protectedBytes) : new Map();
  const der = unprotected.get(33) ?? header.get(33);
  const [signer, fields] = [new X509Certificate(der), certificate(der)];
  const named = trust.roots.filter((root) => certificate(root.raw).subject.equals(fields.issuer));
  const root = without.has("M06") ? named[0] : named.find((root) => signer.verify(root.publicKey));
  must("M06", root, "no trusted root has signed the document signer's certificate");
  must("M07a", signer.keyUsage?.includes(SIGNER), "the certificate is not a document signer's");
  must("M07b", fields.keyUsage.join() === "0", "the key usage is not digitalSignature");
  must("M08a", fields.notBefore <= now && now <= fields.notAfter, "the certificate is not valid now");
  verifyRevocation(fields, root, trust.lists, now, { must, without });

  const key = signer.publicKey;
  const curve = CURVES[key.asymmetricKeyDetails.namedCurve];
  must("M15a", header.has(1), "the algorithm is not protected");
  const algorithm = header.get(1) ?? unprotected.get(1);
  must("M15b", algorithm === curve.algorithm, "the algorithm is not that of the key");
  must("M05", signed(key, curve.hash, protectedBytes, payload, signature), "the issuer's signature is wrong");

  const info = object.get("validityInfo");
  const [from, signedAt, until] = ["validFrom", "signed", "validUntil"].map((name) => new Date(info.get(name).value));
  must("M08b", fields.notBefore <= signedAt && signedAt <= fields.notAfter, "signed outside the certificate's validity");
  must("M09a", now <= until, "the mdoc has ended");
  must("M09b", from <= now, "the mdoc is not valid yet");
}

function verifyRevocation(fields, root, lists, now, { must, without }) {
  const current = lists.map(revocationList).filter((list) => {
    const ofRoot = list.issuer.equals(fields.issuer);
    const genuine = without.has("M10c") || verify(LIST_HASHES[list.algorithm], list.tbs, root.publicKey, list.signature);
    return ofRoot && genuine && (without.has("M10b") || (list.nextUpdate && now <= list.nextUpdate));
  });
  if (current.length === 0) throw new Error("there is no current revocation list of the root");
  const revoked = current.some((list) => list.revoked.some((serial) => serial.equals(fields.serial)));
  must("M10a", !revoked, "the document signer is revoked");
}

// A COSE_Sign1 (RFC 9052, 4.4).
function signed(key, hash, protectedBytes, payload, signature) {
  const data = array([text("Signature1"), byteString(protectedBytes), byteString(Buffer.alloc(0)), byteString(payload)]);
  return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

// The values of elements whose digests the issuer has signed.
function verifyElements(spaces, object, strict, { must, without }) {
  const hash = DIGESTS[object.get("digestAlgorithm")];
  const signedDigests = object.get("valueDigests");
  const values = new Map();
  for (const [space, items] of spaces) {
    for (const bytes of items) {
      const item = inside(bytes, strict);
      const maps = without.has("M04") ? [...signedDigests.values()] : [signedDigests.get(space) ?? new Map()];
      const found = maps.flatMap((digests) => digests.get(item.get("digestID")) ?? []);
      const digest = createHash(hash).update(bytes.raw).digest();
      must("M03", found.length > 0, "an element has no digest");
      must("M01", found.length === 0 || found.some((one) => one.equals(digest)), "an element is not the signed one");
      values.set(`${space} ${item.get("elementIdentifier")}`, item.get("elementValue"));
    }
  }
  return values;
}

function verifyDevice(document, object, transcript, strict, { must }) {
  const device = document.get("deviceSigned");
  const auth = device?.get("deviceAuth").get("deviceSignature");
  must("M12b", auth, "the device has signed nothing");
  if (!auth) return;
  const spaces = device.get("nameSpaces");
  // The issuer of this document type authorises no element of the device, as far as is known: assumed.
  must("M14", inside(spaces, strict).size === 0, "the device states elements of its own");
  const key = object.get("deviceKeyInfo").get("deviceKey");
  const [x, y] = [-2, -3].map((label) => key.get(label).toString("base64url"));
  const publicKey = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const data = array([text("DeviceAuthentication"), transcript, text(document.get("docType")), spaces.raw]);
  const right = auth[2] === null && signed(publicKey, "sha256", auth[0], embedded(data), auth[3]);
  must("M12a", right, "the device has not signed in this session");
}

// Whether what is stated twice is the same.
function agree(values, now) {
  const get = (space, id) => values.get(`${space} ${id}`);
  const birth = get(NAMESPACE, "birth_date");
  const date = birth instanceof Map ? birth.get("birth_date").value : birth?.value;
  const words = get(NAMESPACE_JP, "birth_date_unicode");
  const [sex, kanji] = [get(NAMESPACE, "sex"), get(NAMESPACE_JP, "sex_unicode")];
  const over = get(NAMESPACE, "age_over_20");
  const [year, month, day] = date?.split("-").map(Number) ?? [];
  const sameDate = !date || !words || words === `${year}年${month}月${day}日`;
  const sameSex = sex === undefined || kanji === undefined || [, "男", "女"][sex] === kanji;
  // In Japan the day begins nine hours before that of UTC.
  const twentieth = Date.UTC(year + 20, month - 1, day, -9);
  return sameDate && sameSex && (!date || over === undefined || over === twentieth <= now);
}
