// A reference service that checks what phones and cards send: POST /mdoc, and a log-in with GET and POST /login.
// It answers 200 or 403. With `--without ID` it leaves out the check of this identifier.
//
//   node service.mjs [--port PORT] [--trust DIR] [--crls DIR] [--time TIME] [--lifetime SECONDS] [--without ID]...
import { X509Certificate } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { LogIn } from "./login.mjs";
import { verifyMdoc } from "./mdoc.mjs";

// The longest request, in bytes.
const LONGEST = 4 << 20;

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    trust: { type: "string", default: process.env.VMYNA_EXAM_TRUST },
    crls: { type: "string", default: process.env.VMYNA_EXAM_CRLS },
    time: { type: "string", default: process.env.VMYNA_EXAM_TIME },
    lifetime: { type: "string", default: "300" },
    without: { type: "string", multiple: true, default: [] },
  },
});
const without = new Set(options.without);

// The anchors are given: nothing that a client sends is one. Keys on elliptic curves are those of roots of mdocs.
function readTrust() {
  const files = readdirSync(options.trust).filter((name) => name.endsWith(".pem"));
  const texts = files.map((name) => readFileSync(`${options.trust}/${name}`, "utf8"));
  const all = texts.filter((text) => text.includes("BEGIN CERTIFICATE")).map((text) => new X509Certificate(text));
  const kind = (type) => all.filter((one) => one.publicKey.asymmetricKeyType === type);
  return { roots: kind("ec"), cardholders: kind("rsa") };
}

function readLists() {
  const names = options.crls ? readdirSync(options.crls) : [];
  return names.filter((name) => name.endsWith(".crl")).map((name) => readFileSync(`${options.crls}/${name}`));
}

// The checks of one request. A check that is left out always holds.
function checks() {
  const notices = [];
  const wrong = (id, holds) => !holds && !without.has(id);
  return {
    notices,
    without,
    must(id, holds, what) {
      if (wrong(id, holds)) throw new Error(`${id}: ${what}`);
    },
    notice(id, holds, what) {
      if (wrong(id, holds)) notices.push(`${id}: ${what}`);
    },
  };
}

const trust = readTrust();
const logIn = new LogIn(Number(options.lifetime) * 1000);
const base64 = (value) => (value === undefined ? undefined : Buffer.from(value, "base64"));

// Returns the body of a right request's answer.
function answer(method, path, body) {
  const now = options.time ? new Date(options.time) : new Date();
  const made = checks();
  if (method === "GET" && path === "/login") return logIn.begin();
  const sent = JSON.parse(body);
  if (method === "POST" && path === "/login") {
    const { session, certificate, signature, challenge } = sent;
    const bytes = { session, certificate: base64(certificate), signature: base64(signature), challenge: base64(challenge) };
    logIn.finish(bytes, trust, now, made);
  } else if (method === "POST" && path === "/mdoc") {
    const { mdoc, transcript, request, lists } = sent;
    const input = { mdoc: base64(mdoc), transcript: base64(transcript), request: base64(request) };
    // A test can send the lists that another service would fetch.
    const roots = { roots: trust.roots, lists: lists ? lists.map(base64) : readLists() };
    verifyMdoc(input, roots, now, made);
  } else {
    throw new Error("there is nothing here");
  }
  return { accepted: true, notices: made.notices };
}

const server = createServer((request, response) => {
  const pieces = [];
  let length = 0;
  request.on("data", (piece) => {
    length += piece.length;
    if (length > LONGEST) request.destroy();
    pieces.push(piece);
  });
  request.on("end", () => {
    const reply = (status, value) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(value));
    };
    try {
      reply(200, answer(request.method, request.url, Buffer.concat(pieces).toString()));
    } catch (error) {
      reply(403, { accepted: false, reason: error.message });
    }
  });
});
server.listen(Number(options.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
