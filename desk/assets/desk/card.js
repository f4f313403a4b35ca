/** The card: its face as a person sees it, its PINs, certificates and files, the counter and the kiosk. */

import { get, part, post, Refused } from './api.js';
import * as beside from './beside.js';
import { byId, fill, h } from './dom.js';
import { forget, picture } from './faces.js';
import { focusFirstError, labelled, others, values } from './forms.js';
import { attempt, confirm, failure, message } from './notice.js';
import * as person from './person.js';
import { insert } from './readers.js';
import { changed, refresh, store } from './store.js';
import { langOf, readable, say, t } from './text.js';
import { tries } from './tries.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {import('./tries.js').Pin} Pin */
/** @typedef {{id: string, title: Text, fields: import('./forms.js').Field[], refused: Text | null, final?: boolean, confirm?: Text | null}} Operation */
/** @typedef {'counter' | 'kiosk'} Place */

/** What the place shows of the chosen card, by whose choice. It starts anew with each card. */
const fresh = () => ({
  /** @type {string | null} */
  of: null,
  /** @type {import('./faces.js').Side} */
  side: 'front',
  myNumber: false,
  /** @type {any[] | null} */
  files: null,
  /** @type {string} the operation whose form is open, like `counter/renew` */
  open: '',
  /** @type {import('./api.js').FieldError[]} */
  errors: [],
  busy: false,
});

let at = fresh();

/** What is printed on the chosen card, so that a change of it is noticed. */
const print = { of: '', text: '' };

/** Fetches the picture anew when a counter has changed what is printed. @param {any} detail */
function notePrint(detail) {
  const { id } = detail.card;
  const text = JSON.stringify(detail.person);
  if (print.of === id && print.text !== text) forget(id);
  Object.assign(print, { of: id, text });
}

/** @param {string} path @param {unknown} body */
const ask = (path, body = {}) => post(`/api/cards/${part(store.chosen ?? '')}/${path}`, body);

function turn() {
  at.side = at.side === 'front' ? 'back' : 'front';
  changed();
}

/** @param {any} detail */
function face(detail) {
  return h(
    'div',
    { key: 'face', class: 'turn' },
    picture(detail.card, at.side),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', id: 'turn', onclick: turn }, `${t('turn')}: ${t(at.side === 'front' ? 'backSide' : 'front')}`),
      ...places(detail.card),
      beside.keepButton(detail),
    ),
  );
}

/** A button for each reader that the card can be put into. @param {import('./store.js').Card} card */
function places(card) {
  const readers = (store.state?.readers ?? []).filter((reader) => reader.plugged);
  if (card.reader !== null) {
    const out = () => void attempt(() => post(`/api/readers/${part(card.reader ?? '')}/remove`));
    return [h('button', { type: 'button', onclick: out }, t('takeOut'))];
  }
  return readers
    .filter((reader) => reader.card === null)
    .map((reader) => h('button', { type: 'button', class: 'first', onclick: () => void insert(reader, card.id) }, `→ ${reader.name}`));
}

/** @param {string} label @param {...import('./dom.js').Child} value */
const fact = (label, ...value) => h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, ...value));

/** What kind of card it is, where it comes from, and what the register knows. @param {import('./store.js').Card} card */
function standing(card) {
  const known = h('span', { class: `pill ${card.standing.state}` }, say(card.standing.text));
  return h('p', { key: 'what', class: 'what' }, say(card.title), ' · ', h('span', { class: 'source' }, card.source), ' ', known);
}

/** @param {any} detail */
function facts(detail) {
  const list = Object.values(detail.person).map((/** @type {{label: Text, value: string}} */ one) =>
    fact(say(one.label), h('span', { lang: langOf(one.value) }, readable(one.value))),
  );
  const { myNumber } = detail;
  if (myNumber) {
    const toggle = () => {
      at.myNumber = !at.myNumber;
      changed();
    };
    const shown = { type: 'button', class: 'small', 'aria-expanded': String(at.myNumber), onclick: toggle };
    const label = `${t(at.myNumber ? 'hide' : 'reveal')}`;
    list.push(
      fact(
        say(myNumber.label),
        h('span', { id: 'my-number', class: at.myNumber ? 'hex' : 'quiet' }, at.myNumber ? myNumber.value : t('hidden')),
        ' ',
        h('button', { ...shown, 'aria-label': `${label}: ${say(myNumber.label)}` }, label),
      ),
    );
  }
  return h('dl', { key: 'facts', class: 'facts' }, ...list);
}

/** @param {Pin} pin */
async function block(pin) {
  const label = say(pin.label);
  if (!(await confirm(t('blockTitle', { pin: label }), t('blockText'), t('block')))) return;
  await attempt(async () => {
    await ask(`pins/${part(pin.id)}/block`);
    await refresh();
  });
}

/** The counter's operation that gives a PIN its tries back, if it can be done now. @param {Pin} pin */
function resetting(pin) {
  const operations = /** @type {Operation[]} */ (store.detail.counter ?? []).filter((one) => !one.refused);
  const offers = (/** @type {Operation} */ one) => one.fields.some((field) => field.choices?.some((choice) => choice.id === pin.id));
  return operations.find((one) => one.id.includes('pin') && offers(one)) ?? operations.find((one) => one.id.includes('pin'));
}

/** Opens the counter's form for a PIN, with this PIN chosen. @param {Pin} pin */
function reset(pin) {
  const operation = resetting(pin);
  if (!operation) return;
  at.open = `counter/${operation.id}`;
  at.errors = [];
  const section = byId('counter');
  section.setAttribute('open', '');
  changed();
  const form = byId(`operation-counter-${operation.id}`);
  const menu = [...form.querySelectorAll('select')].find((one) => [...one.options].some((option) => option.value === pin.id));
  if (menu) menu.value = pin.id;
  form.scrollIntoView({ block: 'nearest' });
  const first = form.querySelector('input, select');
  if (first instanceof HTMLElement) first.focus();
}

/** @param {Pin} pin */
function pinRow(pin) {
  const label = say(pin.label);
  return h(
    'tr',
    { key: pin.id, 'data-pin': pin.id },
    h('th', { scope: 'row' }, label),
    h('td', {}, tries(pin)),
    h(
      'td',
      { class: 'acts' },
      pin.canReset && resetting(pin) ? h('button', { key: 'reset', type: 'button', class: 'small', 'aria-label': t('resetNamed', { pin: label }), onclick: () => reset(pin) }, t('resetPin')) : null,
      pin.canBlock && pin.state === 'ok'
        ? h('button', { key: 'block', type: 'button', class: 'small', 'aria-label': t('blockNamed', { pin: label }), onclick: () => void block(pin) }, t('block'))
        : null,
    ),
  );
}

/** @param {any} detail */
function pins(detail) {
  if (detail.pins.length === 0) return null;
  return h('div', { key: 'pins' }, h('h3', {}, t('pins')), h('table', { class: 'pins' }, h('tbody', {}, ...detail.pins.map(pinRow))));
}

/** @param {any} one */
function certificate(one) {
  return h(
    'li',
    { class: 'certificate' },
    h('strong', {}, say(one.title)),
    ' ',
    h('span', { class: `pill ${one.status.state}` }, say(one.status.text)),
    one.status.since ? h('span', { key: 'since', class: 'quiet' }, t('since', { since: readable(one.status.since) })) : null,
    h('span', { class: 'quiet' }, `${t('serial')} `, h('span', { class: 'hex' }, one.serial), ' · ', t('until', { from: readable(one.from), to: readable(one.to) })),
  );
}

/** @param {any} detail */
function certificates(detail) {
  const list = detail.certificates.map(certificate);
  return h(
    'div',
    { key: 'certificates' },
    h('h3', {}, t('certificates')),
    list.length > 0 ? h('ul', { class: 'plain' }, ...list) : h('p', { class: 'empty' }, t('noCertificates')),
  );
}

async function loadFiles() {
  const { chosen } = store;
  if (chosen === null) return;
  await attempt(async () => {
    const { files } = await get(`/api/cards/${part(chosen)}/files`);
    if (at.of === chosen) at.files = files;
  });
  changed();
}

/** @param {any} file */
function fileItem(file) {
  return h(
    'li',
    { class: 'file' },
    h('strong', {}, say(file.name)),
    ' ',
    h('code', {}, file.id),
    h('span', { class: 'quiet' }, file.access.map(say).join(' · ')),
    file.content ? h('span', { class: 'content' }, say(file.content)) : null,
  );
}

function files() {
  /** @type {Map<string, any[]>} */
  const applications = new Map();
  for (const file of at.files ?? []) applications.set(file.aid, [...(applications.get(file.aid) ?? []), file]);
  const parts = [...applications].map(([aid, list]) =>
    h('div', {}, h('h4', {}, say(list[0].application), ' ', h('code', {}, aid)), h('ul', { class: 'plain' }, ...list.map(fileItem))),
  );
  const empty = at.files === null ? t('loading') : t('noFiles');
  return h(
    'details',
    { key: 'files', id: 'files', ontoggle: (/** @type {Event} */ event) => /** @type {HTMLDetailsElement} */ (event.target).open && void loadFiles() },
    h('summary', {}, t('files')),
    h('div', { class: 'inner' }, ...(parts.length > 0 ? parts : [h('p', { class: 'empty' }, empty)])),
  );
}

/** @param {Place} place @param {Operation} operation @param {SubmitEvent} event */
async function operate(place, operation, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  if (at.busy) return;
  const found = values(form);
  const title = say(operation.title);
  const final = operation.final || operation.confirm;
  if (final && !(await confirm(t('finalTitle', { operation: title }), say(operation.confirm) || t('finalText'), title))) return;
  at.busy = true;
  at.errors = [];
  changed();
  try {
    const { done } = await ask(`${place}/${part(operation.id)}`, found);
    at.open = '';
    at.files = null;
    if (byId('files').hasAttribute('open')) void loadFiles();
    const what = (done ?? []).map(say).join(' ');
    // It may hold a code that is needed at the next step.
    message(t('done', { what: what || title }), false, true);
    await refresh();
  } catch (error) {
    if (error instanceof Refused && error.errors.length > 0) at.errors = error.errors;
    else failure(error);
  }
  at.busy = false;
  changed();
  if (at.errors.length > 0) focusFirstError(form);
}

/** @param {Place} place @param {Operation} operation */
function operationItem(place, operation) {
  const name = `${place}/${operation.id}`;
  const title = say(operation.title);
  if (operation.refused) {
    return h('li', { key: name }, h('span', {}, title), h('span', { class: 'quiet' }, t('notNow', { reason: say(operation.refused) })));
  }
  const isOpen = at.open === name;
  const toggle = () => {
    at.open = isOpen ? '' : name;
    at.errors = [];
    changed();
  };
  const errors = isOpen ? at.errors : [];
  return h(
    'li',
    { key: name },
    h('button', { key: 'open', type: 'button', class: 'operation', 'aria-expanded': String(isOpen), onclick: toggle }, title),
    isOpen
      ? h(
          'form',
          {
            key: 'form',
            id: `operation-${place}-${operation.id}`,
            autocomplete: 'off',
            novalidate: true,
            'aria-label': title,
            onsubmit: (/** @type {SubmitEvent} */ event) => void operate(place, operation, event),
          },
          ...operation.fields.map((field) => labelled(`${place}-${operation.id}`, field, errors)),
          others(operation.fields, errors),
          h('button', { key: 'do', type: 'submit', class: 'first', disabled: at.busy }, t(at.busy ? 'working' : 'doIt')),
        )
      : null,
  );
}

/** @param {Place} place @param {Operation[]} operations */
function operations(place, operations) {
  const list = operations.map((operation) => operationItem(place, operation));
  return h(
    'details',
    { key: place, id: place },
    h('summary', {}, t(place)),
    h('div', { class: 'inner' }, list.length > 0 ? h('ul', { class: 'plain operations' }, ...list) : h('p', { class: 'empty' }, t('counterNone'))),
  );
}

/** @param {import('./store.js').Card} card */
async function discard(card) {
  if (!(await confirm(t('discardTitle', { name: card.name }), t('discardText'), t('discard')))) return;
  await attempt(async () => {
    await ask('discard');
    store.chosen = null;
    store.detail = null;
    await refresh();
    message(t('discarded'));
  });
}

/** @param {import('./store.js').Card} card */
function last(card) {
  if (!card.made) return null;
  return h('div', { key: 'discard', class: 'buttons' }, h('button', { type: 'button', class: 'danger', onclick: () => void discard(card) }, t('discard')));
}

/** @returns {import('./dom.js').Child[]} */
function content() {
  const { detail } = store;
  if (store.view === 'person') return person.view();
  if (store.chosen === null) return [h('p', { key: 'none', class: 'empty' }, t(store.view === 'gone' ? 'cardGone' : 'noCard'))];
  if (!detail || detail.card.id !== store.chosen) return [h('p', { key: 'loading', class: 'empty' }, t('loading'))];
  if (at.of !== store.chosen) at = { ...fresh(), of: store.chosen };
  notePrint(detail);
  return [
    beside.view(),
    face(detail),
    standing(detail.card),
    // Before the person: tries are what changes while one looks.
    pins(detail),
    facts(detail),
    certificates(detail),
    files(),
    operations('counter', detail.counter ?? []),
    operations('kiosk', detail.kiosk ?? []),
    last(detail.card),
  ];
}

export function render() {
  const { detail, view } = store;
  const isCard = view === 'card' && detail && detail.card.id === store.chosen;
  const name = isCard ? h('span', { class: 'who', lang: langOf(detail.card.name) }, detail.card.name) : null;
  const key = view === 'person' ? 'person' : `card-${store.chosen}`;
  fill(byId('card'), [
    h('div', { key: 'head', class: 'head' }, h('h2', { id: 'card-title' }, t(view === 'person' ? 'person' : 'card')), name),
    h('div', { key, class: 'scroll', tabindex: '0', role: 'group', 'aria-labelledby': 'card-title' }, ...content().filter((one) => one !== null)),
  ]);
}
