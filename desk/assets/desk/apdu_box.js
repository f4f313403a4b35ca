/**
 * The box to type APDUs.
 *
 * What was sent may hold a PIN: the history is in the memory of the page only and goes with a reload.
 */

import { part, post, Refused } from './api.js';
import { byId, h } from './dom.js';
import { failure } from './notice.js';
import { changed, store } from './store.js';
import { say, t } from './text.js';

/** Commands that the arrow keys bring back. */
const HISTORY = 100;

/** Commands to begin with. Values of PINs are the specimens'. */
const EXAMPLES = [
  { text: 'SELECT JPKI', apdu: '00A4040C0AD392F000260100000001' },
  { text: 'VERIFY (tries left)', apdu: '00200098' },
  { text: 'VERIFY 1234', apdu: '002000980431323334' },
  { text: 'SELECT EF 000A (auth certificate)', apdu: '00A4020C02000A' },
  { text: 'READ BINARY', apdu: '00B0000000' },
];

/** @type {string[]} */
const sent = [];
/** Where in the history the arrow keys are; its length is behind the newest. */
let at = 0;
/** The reader that the user has chosen; else the first one with a card. */
let target = '';
/** @type {string} what is wrong with what was typed */
let wrong = '';
/** @type {string} */
let answer = '';

/** The digits of what was typed, or what is wrong with it. Too few bytes for an APDU are sent: the card answers that too.
 * @param {string} text @returns {{apdu: string} | {wrong: string}} */
export function read(text) {
  const apdu = text.replace(/[\s:]/g, '').toUpperCase();
  const found = /[^0-9A-F]/.exec(apdu);
  if (apdu === '') return { wrong: t('apduEmpty') };
  if (found) return { wrong: t('apduNotHex', { found: found[0] }) };
  if (apdu.length % 2 === 1) return { wrong: t('apduOdd') };
  return { apdu };
}

const input = () => /** @type {HTMLInputElement} */ (byId('apdu'));

/** @param {string} apdu */
function remember(apdu) {
  if (sent.at(-1) !== apdu) sent.push(apdu);
  if (sent.length > HISTORY) sent.shift();
  at = sent.length;
}

/** @param {KeyboardEvent} event */
function recall(event) {
  const to = event.key === 'ArrowUp' ? at - 1 : event.key === 'ArrowDown' ? at + 1 : -1;
  if (to < 0 || to > sent.length) return;
  event.preventDefault();
  at = to;
  input().value = sent[at] ?? '';
}

/** @param {Event} event */
function example(event) {
  const menu = /** @type {HTMLSelectElement} */ (event.target);
  if (menu.value) input().value = menu.value;
  menu.value = '';
  input().focus();
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const text = input().value;
  const typed = read(text);
  const reader = /** @type {HTMLSelectElement} */ (byId('apdu-reader')).value;
  wrong = 'wrong' in typed ? typed.wrong : '';
  answer = '';
  changed();
  if (!('apdu' in typed)) return;
  try {
    const { response } = await post(`/api/readers/${part(reader)}/apdu`, { apdu: typed.apdu });
    answer = response;
    remember(typed.apdu);
    // What was typed meanwhile stays.
    if (input().value === text) input().value = '';
  } catch (error) {
    if (error instanceof Refused) wrong = error.errors.map((one) => say(one.text)).join(' ') || say(error.text);
    else failure(error);
  }
  changed();
}

/** @param {Event} event */
function aim(event) {
  target = /** @type {HTMLSelectElement} */ (event.target).value;
}

/** The reader that APDUs go to when none was chosen: the first one with a card. */
function first() {
  const readers = store.state?.readers ?? [];
  return (readers.find((reader) => reader.card !== null) ?? readers[0])?.name;
}

export function form() {
  const readers = store.state?.readers ?? [];
  const chosen = readers.some((reader) => reader.name === target) ? target : first();
  const options = readers.map((reader) =>
    h('option', { value: reader.name, selected: reader.name === chosen }, reader.name),
  );
  return h(
    'form',
    {
      key: 'apdu',
      class: 'apdu-box',
      autocomplete: 'off',
      onsubmit: (/** @type {SubmitEvent} */ event) => void submit(event),
    },
    h(
      'div',
      { class: 'line' },
      h('h3', { id: 'apdu-title' }, t('typeApdu')),
      h('label', { for: 'apdu-reader' }, t('toReader')),
      h('select', { id: 'apdu-reader', onchange: aim }, ...options),
      h(
        'select',
        { id: 'apdu-example', 'aria-label': t('examples'), onchange: example },
        h('option', { value: '' }, t('examples')),
        ...EXAMPLES.map(({ text, apdu }) => h('option', { value: apdu }, text)),
      ),
    ),
    h(
      'div',
      { class: 'line' },
      h('input', {
        id: 'apdu',
        class: 'hex',
        'aria-label': t('apduLabel'),
        'aria-invalid': wrong ? 'true' : null,
        'aria-describedby': 'apdu-wrong apdu-hint',
        placeholder: '00A4040C0AD392F000260100000001',
        autocomplete: 'off',
        autocapitalize: 'characters',
        spellcheck: 'false',
        onkeydown: recall,
      }),
      h('button', { type: 'submit', class: 'first send' }, t('send')),
    ),
    h('p', { key: 'wrong', id: 'apdu-wrong', class: wrong ? 'error' : 'unseen', role: 'alert' }, wrong),
    answer
      ? h('p', { key: 'answer', id: 'apdu-answer', class: 'answer' }, `${t('answer')}: `, h('code', {}, answer))
      : null,
    h('p', { key: 'hint', id: 'apdu-hint', class: answer || wrong ? 'unseen' : 'quiet' }, t('apduHistory')),
  );
}
