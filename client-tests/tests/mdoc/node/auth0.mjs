// @auth0/mdl, as issuer, device and verifier of mdocs. Reads a job as JSON from standard input and prints the result as JSON.
// This script must never make up for a difference between the library and vmyna.
import { createPrivateKey } from "node:crypto";
import { json } from "node:stream/consumers";
import mdl from "@auth0/mdl";
import { DateOnly, cborEncode } from "./node_modules/@auth0/mdl/lib/cbor/index.js";
import { COSEKeyFromJWK } from "cose-kit";

const { DeviceResponse, Document, MDoc, Verifier } = mdl;

const bytes = (hex) => Buffer.from(hex, "hex");
// A key with the name that the job gives. Without one, the library writes the header parameter kid with the value undefined.
const jwk = (pem, kid) => ({ ...createPrivateKey(pem).export({ format: "jwk" }), ...(kid && { kid }) });

// The library wants the transcript in a byte string with tag 24.
const transcript = (job) => bytes(job.taggedTranscript);

// Whether every check has passed. The library reports by a callback, and throws if it can't read the response.
async function accepts(verifier, response, options) {
    let passed = true;
    const onCheck = ({ status }) => {
        passed &&= status === "PASSED";
    };
    try {
        const mdoc = await verifier.verify(response, { ...options, onCheck });
        return passed && mdoc.documents.length === 1 && mdoc.status === 0;
    } catch {
        return false;
    }
}

// The places of the changes with which the response is accepted. A change is a byte and the bits to invert.
async function verify(job) {
    const verifier = new Verifier(job.roots);
    const options = { encodedSessionTranscript: transcript(job) };
    if (job.readerKey) {
        options.ephemeralReaderKey = COSEKeyFromJWK(jwk(job.readerKey));
    }
    const response = bytes(job.response);
    const accepted = [];
    for (const [at, [byte, mask]] of job.changes.entries()) {
        const changed = Buffer.from(response);
        changed[byte] ^= mask;
        if (await accepts(verifier, changed, options)) accepted.push(at);
    }
    return { accepted };
}

// An mdoc of the library's own and its presentation: with a signature, or with a MAC for the reader's key.
async function issue(job) {
    const values = (element) => (element.date ? new DateOnly(element.date) : element.hex ? bytes(element.hex) : element.value);
    const document = new Document(job.docType);
    for (const [namespace, elements] of Object.entries(job.elements)) {
        const entries = elements.map((element) => [element.name, values(element)]);
        document.addIssuerNameSpace(namespace, Object.fromEntries(entries));
    }
    const device = jwk(job.deviceKey, job.kid);
    // The library writes the name of a COSE_Key as a text, where RFC 9052 has a byte string.
    const { d, kid, ...publicKey } = device;
    document
        .useDigestAlgorithm(job.digest)
        .addValidityInfo({ signed: new Date(job.from), validFrom: new Date(job.from), validUntil: new Date(job.until) })
        .addDeviceKeyInfo({ deviceKey: publicKey });
    const signed = await document.sign({
        issuerPrivateKey: jwk(job.signerKey, job.kid),
        issuerCertificate: job.certificate,
        alg: "ES256",
    });
    const fields = Object.entries(job.elements).flatMap(([namespace, elements]) =>
        elements.map(({ name }) => ({ path: [`$['${namespace}']['${name}']`], intent_to_retain: false })),
    );
    const wanted = {
        id: "all",
        input_descriptors: [
            { id: job.docType, format: { mso_mdoc: { alg: ["ES256"] } }, constraints: { limit_disclosure: "required", fields } },
        ],
    };
    const response = DeviceResponse.from(new MDoc([signed]).encode())
        .usingPresentationDefinition(wanted)
        .usingSessionTranscriptBytes(transcript(job));
    if (job.readerKey) {
        const { d: secret, ...reader } = jwk(job.readerKey);
        response.authenticateWithMAC(device, COSEKeyFromJWK(reader), "HS256");
    } else {
        response.authenticateWithSignature(device, "ES256");
    }
    return { response: (await response.sign()).encode().toString("hex") };
}

const job = await json(process.stdin);
const result = job.work === "issue" ? await issue(job) : await verify(job);
console.log(JSON.stringify(result));
