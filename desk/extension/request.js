// What a page can ask for. Everything here is a plain function, so that Node can test it.

/** The longest request, in UTF-16 code units. */
const LONGEST = 256 * 1024;
/** The most digests of one request. */
const MOST_DIGESTS = 1000;

/**
 * @typedef {object} Request
 * @property {'01' | '02' | '04' | '05'} mode
 * @property {string[]} digests
 * @property {object} fields what the host is sent, beside the PIN
 */

/**
 * Why a request is refused, as the host states its failures.
 *
 * @param {string} message
 * @param {string} message_ja
 */
export function refusal(message, message_ja) {
  return { refused: { message, message_ja } };
}

/**
 * Reads a request of a page. Only the published fields go on to the host: a `pin` of the page is not among them.
 *
 * @param {unknown} text
 * @returns {{request: Request} | ReturnType<typeof refusal>}
 */
export function parseRequest(text) {
  if (typeof text !== 'string' || text.length > LONGEST) return refusal('The request is too long.', '要求が長すぎます。');
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return refusal('The request is not JSON.', '要求がJSONではありません。');
  }
  if (typeof value !== 'object' || value === null) return refusal('The request is no object.', '要求がオブジェクトではありません。');
  const { mode, service_id, digest } = value;
  if (mode === '05') return { request: { mode, digests: [], fields: { mode } } };
  if (!['01', '02', '04'].includes(mode)) {
    return refusal('The mode is none of 01, 02, 04 and 05.', 'modeが01、02、04、05のどれでもありません。');
  }
  if (service_id !== '01') return refusal('The service_id is not 01.', 'service_idが01ではありません。');
  if (mode === '04') return { request: { mode, digests: [], fields: { mode, service_id } } };
  const digests = mode === '02' && Array.isArray(digest) ? digest : [digest];
  const areTexts = digests.every((one) => typeof one === 'string' && one !== '');
  if (!areTexts || digests.length === 0) return refusal('The digest is missing.', 'digestがありません。');
  if (digests.length > MOST_DIGESTS) {
    return refusal(`More than ${MOST_DIGESTS} digests.`, `digestが${MOST_DIGESTS}件を超えています。`);
  }
  return { request: { mode, digests, fields: { mode, service_id, digest } } };
}
