/**
 * The desk's server: requests with the token, and the stream of events.
 *
 * Must never put the token into an address, a cookie or the console. It comes in the fragment of the printed link, which
 * browsers do not send, and is kept in the session storage of this tab and this port.
 */

/** @typedef {import('./text.js').Text} Text */
/** @typedef {{field: string | null, line?: number | null, text: Text}} FieldError `field` is null for the whole form */

const KEPT = 'vmyna-desk-token';

/** Moves a token from the address bar into the session storage. Another fragment replaces no token. */
export function takeToken() {
  const token = location.hash.slice(1);
  if (!token || (hasToken() && !/^[\w-]{43}$/.test(token))) return;
  sessionStorage.setItem(KEPT, token);
  history.replaceState(null, '', location.pathname);
}

export function hasToken() {
  return Boolean(sessionStorage.getItem(KEPT));
}

export function forgetToken() {
  sessionStorage.removeItem(KEPT);
}

/** What the server refuses before the desk sees it. @type {Record<number, Text>} */
const OF_SERVER = {
  408: {
    en: 'The desk took too long. It may be done yet: look at the card before you try again.',
    ja: '時間がかかりすぎました。このあと終わることもあるので、カードを確かめてからやり直してください。',
  },
  413: {
    en: 'That is longer than the desk takes: make it shorter.',
    ja: '長すぎて机が受け取れません。短くしてください。',
  },
};

/** An answer that is no success. */
export class Refused extends Error {
  /** @param {number} status @param {{error?: Text, errors?: FieldError[]}} body */
  constructor(status, body) {
    super(body.error?.en ?? body.errors?.map((error) => error.text.en).join('; ') ?? `status ${status}`);
    this.status = status;
    /** @type {Text} */
    this.text = body.error ?? OF_SERVER[status] ?? {
      en: `The desk answered with status ${status}.`,
      ja: `机の応答はステータス ${status} です。`,
    };
    this.errors = body.errors ?? [];
  }
}

/** The server has not answered. */
export class Gone extends Error {}

/** @param {string} path @param {RequestInit} options @returns {Promise<Response>} */
async function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEPT) ?? '';
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Gone();
  }
  if (response.ok) return response;
  throw new Refused(response.status, await response.json().catch(() => ({})));
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  return (await ask(path)).json();
}

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export async function post(path, body = {}) {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json().catch(() => ({}));
}

/** @param {string} path */
export async function getBlob(path) {
  return (await ask(path)).blob();
}

/** A part of a path. @param {string} text */
export const part = (text) => encodeURIComponent(text);

/** Reads the stream of events until it ends; throws when it breaks.
 * @param {AbortSignal} signal @param {() => void} opened @param {(event: string, data: any) => void} took */
export async function events(signal, opened, took) {
  const response = await ask('/api/events', { signal, headers: { accept: 'text/event-stream' } });
  if (!response.body) throw new Gone();
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const message of parts) {
      let event = 'message';
      let data = '';
      for (const line of message.split('\n')) {
        if (line.startsWith('event:')) event = line.slice(6).trim();
        else if (line.startsWith('data:')) data += line.slice(5);
      }
      // A comment keeps the connection alive and has no data.
      if (data || event !== 'message') took(event, data ? JSON.parse(data) : {});
    }
  }
}
