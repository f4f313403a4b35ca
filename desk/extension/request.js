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
 * Reads a request of a page. Only the published fields go on to the host: a `pin` of the page is not among them.
 *
 * @param {unknown} text
 * @returns {{request: Request} | {refused: string}}
 */
export function parseRequest(text) {
  if (typeof text !== 'string' || text.length > LONGEST) return { refused: 'the request is too long' };
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'the request is not JSON' };
  }
  if (typeof value !== 'object' || value === null) return { refused: 'the request is no object' };
  const { mode, service_id, digest } = value;
  if (mode === '05') return { request: { mode, digests: [], fields: { mode } } };
  if (!['01', '02', '04'].includes(mode)) return { refused: 'the mode is none of 01, 02, 04 and 05' };
  if (service_id !== '01') return { refused: 'the service_id is not 01' };
  if (mode === '04') return { request: { mode, digests: [], fields: { mode, service_id } } };
  const digests = mode === '02' && Array.isArray(digest) ? digest : [digest];
  const areTexts = digests.every((one) => typeof one === 'string' && one !== '');
  if (!areTexts || digests.length === 0) return { refused: 'the digest is missing' };
  if (digests.length > MOST_DIGESTS) return { refused: `more than ${MOST_DIGESTS} digests` };
  return { request: { mode, digests, fields: { mode, service_id, digest } } };
}
