// Runs in pages of the origins that the person has entered, and nowhere else. It carries a request of the page to the worker
// and its answer back. It never sees a PIN, and asks for none.

(() => {
  /** The value by which pages recognise the extension: the major version of the published one. */
  const EXTENSION = '24';
  /** The value by which pages recognise the program behind it. */
  const APPLICATION = '29';
  /** The longest request, in UTF-16 code units. */
  const LONGEST = 256 * 1024;
  /** The published code of a request that was cancelled or reached no host. */
  const CANCELLED = 'EW044-C300';

  /** @param {string} id @param {string} value */
  function mark(id, value) {
    const marker = document.createElement('input');
    marker.type = 'hidden';
    marker.id = id;
    marker.value = value;
    document.body.append(marker);
  }

  /** @param {object} answer */
  function answerPage(answer) {
    // A string, because an object does not cross from one world of scripts to the other.
    document.dispatchEvent(new CustomEvent('recvMsg', { bubbles: true, detail: JSON.stringify(answer) }));
  }

  /** @param {unknown} text @returns {object | null} */
  function parse(text) {
    if (typeof text !== 'string' || text.length > LONGEST) return null;
    try {
      const value = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  }

  /** @param {Event} event */
  function launched(event) {
    const { detail } = /** @type {CustomEvent} */ (event);
    const request = parse(detail);
    /** @param {object} [more] */
    const fail = (more) => answerPage({ ...request, ...more, result: '1', errcode: CANCELLED });
    if (request === null) return fail();
    let port;
    try {
      port = chrome.runtime.connect({ name: 'launch' });
    } catch {
      // The extension was loaded anew after this page was.
      return fail();
    }
    let isAnswered = false;
    port.onMessage.addListener((message) => {
      if (isAnswered) return;
      isAnswered = true;
      if (message.answer) answerPage(message.answer);
      else if (message.failure) fail(message.failure);
      port.disconnect();
    });
    port.onDisconnect.addListener(() => {
      if (!isAnswered) fail();
    });
    port.postMessage(detail);
  }

  function start() {
    document.addEventListener('launchApp', launched);
    mark('extension-is-installed', EXTENSION);
    mark('app-is-installed', APPLICATION);
  }

  if (!chrome.runtime.getURL('').startsWith('moz-extension:')) return start();
  // Firefox knows no ports in the patterns of scripts, so the port is compared here, some milliseconds later.
  chrome.storage.local.get('origins').then(({ origins }) => {
    if (Array.isArray(origins) && origins.includes(location.origin)) start();
  });
})();
