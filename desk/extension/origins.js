// Which origins the extension can be made active on. Everything here is a plain function, so that Node can test it.

/** The government's domain, on which this extension must never be active. */
const GOVERNMENT = 'go.jp';

/** The longest origin that is taken, in characters. */
const LONGEST = 300;

/** Hosts that need no permission of the browser beyond those of the manifest. */
const LOOPBACK = ['127.0.0.1', 'localhost'];

/**
 * Reads an origin that a person has entered: a scheme, a host and perhaps a port, and nothing else.
 *
 * The browser's own parser settles upper case, full-width letters, percent signs and punycode before the host is compared.
 * A star is refused because it would be a pattern of many hosts.
 *
 * @param {unknown} text
 * @returns {{origin: string} | {refused: 'form' | 'government'}}
 */
export function parseOrigin(text) {
  if (typeof text !== 'string' || text.length > LONGEST) return { refused: 'form' };
  let url;
  try {
    url = new URL(text.trim());
  } catch {
    return { refused: 'form' };
  }
  if (isGovernment(url.hostname)) return { refused: 'government' };
  const isPlain =
    ['http:', 'https:'].includes(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    /^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])$/.test(url.hostname);
  return isPlain ? { origin: url.origin } : { refused: 'form' };
}

/**
 * Whether a host is one of the government's. A dot at the end names the same host.
 *
 * @param {string} host as the browser's parser returns it
 */
export function isGovernment(host) {
  const name = host.toLowerCase().replace(/\.+$/, '');
  return name === GOVERNMENT || name.endsWith(`.${GOVERNMENT}`);
}

/**
 * Whether the manifest's own permissions cover an origin.
 *
 * @param {string} origin
 */
export function isLoopback(origin) {
  const url = new URL(origin);
  return url.protocol === 'http:' && LOOPBACK.includes(url.hostname);
}

/**
 * The pattern of exactly this origin. A pattern without port would match every port, so the port is always written.
 *
 * @param {string} origin
 */
export function pattern(origin) {
  const url = new URL(origin);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return `${url.protocol}//${url.hostname}:${port}/*`;
}

/**
 * What the browser is asked for before the extension can be active on an origin elsewhere. Permissions know no ports.
 *
 * @param {string} origin
 */
export function permission(origin) {
  const url = new URL(origin);
  return `${url.protocol}//${url.hostname}/*`;
}
