// The parts of DER that Node.js does not read: extensions of certificates, and revocation lists.

// The element at the beginning of the bytes: its tag, its content, itself, and what follows.
function element(bytes) {
  let [length, from] = [bytes[1], 2];
  if (length > 0x84) throw new Error("a length that is too long");
  if (length >= 0x80) {
    from += length - 0x80;
    length = parseInt(bytes.subarray(2, from).toString("hex") || "x", 16);
  }
  const end = from + length;
  if (!(end <= bytes.length)) throw new Error("the DER is cut");
  return { tag: bytes[0], content: bytes.subarray(from, end), raw: bytes.subarray(0, end), rest: bytes.subarray(end) };
}

// The elements within an element.
export function children(content) {
  const all = [];
  for (let rest = content; rest.length > 0; ) {
    const one = element(rest);
    all.push(one);
    rest = one.rest;
  }
  return all;
}

// An object identifier in its usual form.
export function oid(bytes) {
  const numbers = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 127);
    if (byte < 128) [number] = [0, numbers.push(number)];
  }
  const first = Math.min(2, Math.floor(numbers[0] / 40));
  return [first, numbers[0] - 40 * first, ...numbers.slice(1)].join(".");
}

function time({ tag, content }) {
  const digits = content.toString("latin1");
  const year = tag === 0x17 ? (digits < "5" ? "20" : "19") + digits.slice(0, 2) : digits.slice(0, 4);
  const [month, day, hour, minute, second] = digits.slice(tag === 0x17 ? 2 : 4).match(/\d\d/g);
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

// The bits that are set in a bit string: 0 for the first one.
function bits(content) {
  const all = [...content.subarray(1)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return [...all].flatMap((bit, at) => (bit === "1" ? [at] : []));
}

// What a certificate states beside what X509Certificate reads.
export function certificate(der) {
  const outer = element(der);
  if (outer.rest.length > 0) throw new Error("bytes follow the certificate");
  const [tbs, algorithm] = children(outer.content);
  const fields = children(tbs.content);
  const [, serial, inner, issuer, validity, subject] = fields;
  if (!algorithm.raw.equals(inner.raw)) throw new Error("the certificate names two algorithms");
  const [notBefore, notAfter] = children(validity.content).map(time);
  const list = fields.find(({ tag }) => tag === 0xa3);
  const extensions = list ? children(children(list.content)[0].content) : [];
  const read = extensions.map((one) => {
    const parts = children(one.content);
    return { id: oid(parts[0].content), critical: parts.length === 3, value: element(parts.at(-1).content) };
  });
  const value = (id) => read.find((one) => one.id === id)?.value;
  const usage = value("2.5.29.15");
  const policies = value("2.5.29.32");
  return {
    serial: serial.content,
    issuer: issuer.raw,
    subject: subject.raw,
    notBefore,
    notAfter,
    critical: read.filter((one) => one.critical).map((one) => one.id),
    repeated: new Set(read.map((one) => one.id)).size < read.length,
    keyUsage: usage ? bits(usage.content) : [],
    policies: policies ? children(policies.content).map((one) => oid(children(one.content)[0].content)) : [],
  };
}

// A revocation list.
export function revocationList(der) {
  const [tbs, algorithm, signature] = children(element(der).content);
  const [, , issuer, , next, revoked] = children(tbs.content);
  const has = (one, ...tags) => one !== undefined && tags.includes(one.tag);
  return {
    tbs: tbs.raw,
    issuer: issuer.raw,
    algorithm: oid(children(algorithm.content)[0].content),
    signature: signature.content.subarray(1),
    nextUpdate: has(next, 0x17, 0x18) ? time(next) : null,
    revoked: has(revoked, 0x30) ? children(revoked.content).map((one) => children(one.content)[0].content) : [],
  };
}
