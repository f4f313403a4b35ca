// CBOR (RFC 8949) in the strict form of ISO/IEC 18013-5: definite lengths, shortest heads, no key twice, nothing behind the end.

const DEPTH = 16;

// A tagged item, with the bytes as they were received.
export class Tagged {
  constructor(tag, value, raw) {
    Object.assign(this, { tag, value, raw });
  }
}

// Reads one data item. Maps become Map, byte strings Buffer, and `raw` of an array or tag has its bytes.
export function decode(bytes, strict = true) {
  let at = 0;
  const take = (count) => {
    if (count > bytes.length - at) throw new Error("the CBOR is cut");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const head = () => {
    const [first] = take(1);
    const [major, info] = [first >> 5, first & 31];
    if (info === 31 && !strict && major >= 2 && major !== 6) return [major, Infinity];
    if (info > 27) throw new Error("an indefinite length or a reserved head");
    if (info < 24 || major === 7) return [major, info];
    const argument = BigInt("0x" + take(2 ** (info - 24)).toString("hex"));
    const fewest = info === 24 ? 24n : 1n << BigInt(8 * 2 ** (info - 25));
    if (strict && argument < fewest) throw new Error("not the shortest form");
    if (argument > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("a number that is too large");
    return [major, Number(argument)];
  };
  // A value for each entry, or up to the break of an indefinite length.
  const each = (count, read) => {
    for (let i = 0; i < count; i++) {
      if (count === Infinity && bytes[at] === 0xff) return void at++;
      read();
    }
  };
  const item = (depth) => {
    if (depth === 0) throw new Error("nested too deep");
    const from = at;
    const [major, argument] = head();
    if (argument === Infinity && major < 4) throw new Error("a string of indefinite length");
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return take(argument);
      case 3:
        return new TextDecoder("utf-8", { fatal: true }).decode(take(argument));
      case 4: {
        const items = [];
        each(argument, () => items.push(item(depth - 1)));
        return items;
      }
      case 5: {
        const entries = new Map();
        each(argument, () => {
          const key = item(depth - 1);
          if (strict && entries.has(key)) throw new Error("a key twice");
          entries.set(key, item(depth - 1));
        });
        return entries;
      }
      case 6: {
        const value = item(depth - 1);
        return new Tagged(argument, value, bytes.subarray(from, at));
      }
      default:
        if (argument < 20 || argument > 22) throw new Error("a simple value that an mdoc does not use");
        return [false, true, null][argument - 20];
    }
  };
  const value = item(DEPTH);
  if (strict && at !== bytes.length) throw new Error("bytes follow the CBOR");
  return value;
}

// The CBOR in a byte string with tag 24.
export function inside(item, strict) {
  if (!(item instanceof Tagged) || item.tag !== 24) throw new Error("no CBOR in a byte string");
  return decode(item.value, strict);
}

// The writers of what is signed: a head, byte strings, texts, and arrays of items that are encoded already.
function head(major, length) {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  const size = length < 256 ? 0 : length < 65536 ? 1 : 2;
  const argument = length.toString(16).padStart(2 ** (size + 1), "0");
  return Buffer.concat([Buffer.from([(major << 5) | (24 + size)]), Buffer.from(argument, "hex")]);
}
export const byteString = (bytes) => Buffer.concat([head(2, bytes.length), bytes]);
export const text = (string) => Buffer.concat([head(3, Buffer.byteLength(string)), Buffer.from(string)]);
export const array = (items) => Buffer.concat([head(4, items.length), ...items]);
export const embedded = (bytes) => Buffer.concat([head(6, 24), byteString(bytes)]);
