// The worker: takes requests of pages, lets a window of the extension ask for the PIN, and gives both to the native host.
//
// It must never take a PIN from anything but that window, ask for two at once, or serve an origin that was not entered.

import { isLoopback, parseOrigin, pattern, permission } from './origins.js';
import { parseRequest, refusal } from './request.js';

const HOST = 'vmyna.native_host';
const PIN_PAGE = chrome.runtime.getURL('pin.html');
const SETTINGS_PAGE = chrome.runtime.getURL('settings.html');
/** Firefox knows no ports in the patterns of scripts: there the script compares the port itself. */
const HAS_PORTS = !chrome.runtime.getURL('').startsWith('moz-extension:');
/** The most origins that can be entered. */
const MOST_ORIGINS = 100;
/** The longest value that the window can send: the sign password has 16 characters. */
const LONGEST_PIN = 16;

/**
 * A request of a page whose PIN is asked for.
 *
 * @typedef {object} Asked
 * @property {chrome.runtime.Port} page
 * @property {string} origin
 * @property {import('./request.js').Request} request
 * @property {Promise<chrome.windows.Window | undefined>} window
 * @property {boolean} isSent whether a PIN was given to the host
 */

/** @type {Asked | null} */
let asked = null;
/** A window that still shows why a request failed. @type {number | null} */
let shown = null;

// ---- The origins that were entered ----

/** @returns {Promise<string[]>} */
async function origins() {
  const { origins } = await chrome.storage.local.get('origins');
  return Array.isArray(origins) ? origins.filter((text) => read(text) === text) : [];
}

/** @param {unknown} text @returns {string | undefined} the origin, if the extension can be active on it */
function read(text) {
  const parsed = parseOrigin(text);
  return 'origin' in parsed ? parsed.origin : undefined;
}

/** Lets the browser run the content script on exactly these origins. */
async function register() {
  const [entered, known] = await Promise.all([origins(), chrome.scripting.getRegisteredContentScripts()]);
  const allowed = [];
  for (const origin of entered) {
    const isAllowed = isLoopback(origin) || (await chrome.permissions.contains({ origins: [permission(origin)] }));
    if (isAllowed) allowed.push(origin);
  }
  if (known.length > 0) await chrome.scripting.unregisterContentScripts();
  if (allowed.length === 0) return;
  await chrome.scripting.registerContentScripts([
    { id: 'page', js: ['content.js'], matches: [...new Set(allowed.map(HAS_PORTS ? pattern : permission))], runAt: 'document_end' },
  ]);
}

/** One change after the other: the browser refuses to register a script twice. */
let registered = Promise.resolve();
function registerNext() {
  registered = registered.then(register, register);
  return registered;
}

chrome.runtime.onInstalled.addListener(registerNext);
chrome.runtime.onStartup.addListener(registerNext);
chrome.permissions.onRemoved.addListener(registerNext);
chrome.action.onClicked.addListener(() => chrome.runtime.openOptionsPage());

/** Only the settings page sends messages; a port is used for everything else. */
chrome.runtime.onMessage.addListener((message, sender, respond) => {
  if (sender.id !== chrome.runtime.id || sender.url?.split('#')[0] !== SETTINGS_PAGE) return false;
  change(message).then(respond, (error) => respond({ error: String(error) }));
  return true;
});

/** @param {{add?: unknown, remove?: unknown}} message @returns {Promise<{origins: string[], refused?: string}>} */
async function change({ add, remove }) {
  let entered = await origins();
  let refused;
  if (add !== undefined) {
    const parsed = parseOrigin(add);
    if ('refused' in parsed) refused = parsed.refused;
    else if (entered.length >= MOST_ORIGINS) refused = 'many';
    else if (!entered.includes(parsed.origin)) entered = [...entered, parsed.origin];
  }
  entered = entered.filter((origin) => origin !== remove);
  await chrome.storage.local.set({ origins: entered });
  // A page of an origin that was taken away gets nothing more, though its window is open.
  if (asked && !entered.includes(asked.origin)) settle(asked, { failure: {} });
  await giveBack(remove, entered);
  await registerNext();
  return { origins: entered, refused };
}

/** Gives a permission back that no origin needs any more. @param {unknown} removed @param {string[]} entered */
async function giveBack(removed, entered) {
  const origin = read(removed);
  if (origin === undefined || isLoopback(origin)) return;
  const given = permission(origin);
  if (!entered.some((other) => permission(other) === given)) await chrome.permissions.remove({ origins: [given] });
}

// ---- Requests of pages ----

chrome.runtime.onConnect.addListener((port) => {
  if (port.name === 'launch' && port.sender?.id === chrome.runtime.id) launched(port);
  else if (port.name === 'pin' && port.sender?.url === PIN_PAGE) pinWindow(port);
  else port.disconnect();
});

/** @param {chrome.runtime.Port} page */
function launched(page) {
  let isGone = false;
  page.onDisconnect.addListener(() => {
    isGone = true;
    if (asked?.page === page) settle(asked, null);
  });
  page.onMessage.addListener(async (text) => {
    const origin = new URL(page.sender?.url ?? '').origin;
    // The list may have changed since the script was put into the page.
    if (page.sender?.frameId !== 0 || !(await origins()).includes(origin)) return page.disconnect();
    // Nothing is asked for a page that was closed while the list was read.
    if (isGone) return;
    const parsed = parseRequest(text);
    if ('refused' in parsed) return post(page, { failure: parsed.refused });
    if (parsed.request.mode === '05') return closed(page);
    if (asked) {
      const { refused } = refusal('Another request is waiting for its PIN.', '別の要求が暗証番号の入力を待っています。');
      return post(page, { failure: refused });
    }
    ask(page, origin, parsed.request);
  });
}

/** Mode 05: what this page has asked for is cancelled. Mode 05 has no answer. @param {chrome.runtime.Port} page */
function closed(page) {
  if (asked && asked.page.sender?.tab?.id === page.sender?.tab?.id) settle(asked, { failure: {} });
  post(page, {});
}

/** @param {chrome.runtime.Port} page @param {string} origin @param {import('./request.js').Request} request */
function ask(page, origin, request) {
  if (shown !== null) chrome.windows.remove(shown).catch(() => {});
  shown = null;
  const window = chrome.windows.create({ type: 'popup', url: 'pin.html', width: 460, height: 540 });
  const own = { page, origin, request, window, isSent: false };
  asked = own;
  window.catch(() => settle(own, { failure: {} }));
}

/**
 * Ends a request with an answer for its page, once. Without an answer the page is gone.
 *
 * @param {Asked} own
 * @param {object | null} answer
 * @param {boolean} [stays] whether the window stays open
 */
function settle(own, answer, stays = false) {
  if (asked !== own) return;
  asked = null;
  if (answer) post(own.page, answer);
  own.window.then((window) => {
    if (stays) shown = window?.id ?? null;
    else if (window?.id !== undefined) chrome.windows.remove(window.id).catch(() => {});
  }, () => {});
}

/** @param {chrome.runtime.Port} port @param {object} message */
function post(port, message) {
  try {
    port.postMessage(message);
  } catch {
    // The page is gone.
  }
}

// ---- The PIN window ----

chrome.windows.onRemoved.addListener(async (id) => {
  if (shown === id) shown = null;
  const own = asked;
  if (own && (await own.window.catch(() => null))?.id === id) settle(own, { failure: {} });
});

/** @param {chrome.windows.Window | null | undefined} window @param {chrome.runtime.Port} port whether it is of that window */
function isIn(window, port) {
  return window?.id !== undefined && port.sender?.tab?.windowId === window.id;
}

/** @param {chrome.runtime.Port} port */
async function pinWindow(port) {
  const own = asked;
  port.onMessage.addListener((message) => {
    if (message.pin !== undefined && own) sent(own, port, message.pin);
  });
  const window = await own?.window.catch(() => null);
  // The page of another window, or one that was opened by hand, is asked for nothing.
  if (!own || asked !== own || !isIn(window, port)) return port.disconnect();
  port.onDisconnect.addListener(() => settle(own, { failure: {} }));
  const { mode, digests } = own.request;
  port.postMessage({ ask: { origin: own.origin, mode, digests: digests.length } });
}

/** @param {Asked} own @param {chrome.runtime.Port} port @param {unknown} pin */
async function sent(own, port, pin) {
  const isPin = typeof pin === 'string' && pin !== '' && pin.length <= LONGEST_PIN;
  const window = await own.window.catch(() => null);
  if (!isPin || own.isSent || asked !== own || !isIn(window, port)) return;
  own.isSent = true;
  const answer = await native({ ...own.request.fields, pin });
  if (answer?.result === '0') return settle(own, { answer });
  const { errcode, message, message_ja } = answer ?? {};
  settle(own, { failure: answer ? { message, message_ja } : {} }, true);
  post(port, { failed: { errcode, message, message_ja } });
}

/** @param {object} message @returns {Promise<any>} the host's answer; null without one */
async function native(message) {
  try {
    return (await chrome.runtime.sendNativeMessage(HOST, message)) ?? null;
  } catch (error) {
    console.warn(`${HOST}: ${error}`);
    return null;
  }
}
