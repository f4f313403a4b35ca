// The window that asks for a PIN. It names the page and the purpose by what the worker has noted, not by words of the page.
// The PIN goes to the worker by this window's own port, and nowhere else. Closing the window cancels.

import { element, hostText, text } from './page.js';

/** Modes by number: the texts of the purpose and of the PIN, and the form of the PIN. */
const MODES = {
  '01': { purpose: 'purposeLogIn', pin: 'pinAuth', pattern: '[0-9]{4}', length: 4, mode: 'numeric' },
  '02': { purpose: 'purposeSign', pin: 'pinSign', pattern: '[A-Za-z0-9]{6,16}', length: 16, mode: 'text' },
  '04': { purpose: 'purposeInput', pin: 'pinInput', pattern: '[0-9]{4}', length: 4, mode: 'numeric' },
};

/** The time for which the window waits. The browser ends a worker whose event takes five minutes. */
const LONGEST_WAIT = 4 * 60 * 1000;
/** The browser ends a worker after 30 seconds without a message. */
const ALIVE = 20 * 1000;

const port = chrome.runtime.connect({ name: 'pin' });
setInterval(() => port.postMessage({ alive: true }), ALIVE);
const limit = setTimeout(() => window.close(), LONGEST_WAIT);

port.onMessage.addListener((message) => {
  if (message.ask) ask(message.ask);
  else if (message.failed) end(hostText(message.failed) || text('hostSilent'));
});
port.onDisconnect.addListener(() => window.close());

/** @param {{origin: string, mode: keyof typeof MODES, digests: number}} request */
function ask({ origin, mode, digests }) {
  const { purpose, pin, pattern, length, mode: keyboard } = MODES[mode];
  element('origin').textContent = origin;
  element('purpose').textContent = text(purpose, String(digests));
  element('label').textContent = text(pin);
  element('hint').textContent = text(`${pin}Form`);
  Object.assign(element('pin'), { pattern, maxLength: length, inputMode: keyboard, title: text(`${pin}Form`) });
  element('ask').hidden = false;
  element('pin').focus();
  document.body.dataset.state = 'ask';
}

/** @param {string} outcome */
function end(outcome) {
  clearTimeout(limit);
  element('ask').hidden = true;
  element('outcome').textContent = outcome;
  element('end').hidden = false;
  element('close').focus();
  document.body.dataset.state = 'end';
}

element('ask').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  const field = element('pin');
  port.postMessage({ pin: field.value });
  field.value = '';
  for (const control of element('ask').elements) control.disabled = true;
  document.body.dataset.state = 'sent';
});
for (const button of ['cancel', 'close']) element(button).addEventListener('click', () => window.close());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') window.close();
});
