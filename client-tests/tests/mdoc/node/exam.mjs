// A program that verifies one answer of a phone with @auth0/mdl, for `vmyna exam`:
//   node exam.mjs {trust} {mdoc} {transcript}
// Exit status 0: every check of the library has passed, and there is a document. 1: otherwise.
import { readFileSync, readdirSync } from "node:fs";
import mdl from "@auth0/mdl";

const [trust, response, transcript] = process.argv.slice(2);

// The library wants the transcript in a byte string with tag 24.
function tagged(bytes) {
  const length = Buffer.from([0x59, bytes.length >> 8, bytes.length & 255]);
  const head = bytes.length < 24 ? Buffer.from([0x40 | bytes.length]) : bytes.length < 256 ? Buffer.from([0x58, bytes.length]) : length;
  return Buffer.concat([Buffer.from([0xd8, 0x18]), head, bytes]);
}

let passed = true;
const failed = [];
const onCheck = ({ status, check }) => {
  if (status === "PASSED") return;
  passed = false;
  failed.push(check);
};
try {
  const roots = readdirSync(trust).filter((name) => /^mdoc-root.*\.pem$/.test(name));
  const verifier = new mdl.Verifier(roots.map((name) => readFileSync(`${trust}/${name}`, "utf8")));
  const encodedSessionTranscript = tagged(readFileSync(transcript));
  const mdoc = await verifier.verify(readFileSync(response), { encodedSessionTranscript, onCheck });
  passed &&= mdoc.documents.length > 0;
} catch (error) {
  passed = false;
  failed.push(error.message);
}
console.log(passed ? "valid" : `invalid: ${failed.join("; ")}`);
process.exitCode = passed ? 0 : 1;
