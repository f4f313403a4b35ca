/** The card: its face as a person sees it, who it is, its certificates; and the parts that have modules of their own. */

import { part, post } from './api.js';
import * as beside from './beside.js';
import * as counter from './counter.js';
import { byId, fill, h } from './dom.js';
import { forget, picture } from './faces.js';
import * as files from './files.js';
import { attempt, confirm, message } from './notice.js';
import * as person from './person.js';
import * as pins from './pins.js';
import { insert } from './readers.js';
import { changed, refresh, store } from './store.js';
import { langOf, readable, say, t } from './text.js';

/** @typedef {import('./text.js').Text} Text */

/** What the user has chosen to see of the chosen card. It starts anew with each card. */
const fresh = () => ({
  /** @type {string | null} */
  of: null,
  /** @type {import('./faces.js').Side} */
  side: 'front',
  myNumber: false,
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
      detail.card.phone === null
        ? h(
            'button',
            { key: 'turn', type: 'button', id: 'turn', onclick: turn },
            `${t('turn')}: ${t(at.side === 'front' ? 'backSide' : 'front')}`,
          )
        : null,
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
    return [h('button', { type: 'button', onclick: out }, t(card.phone === null ? 'takeOut' : 'takeAway'))];
  }
  return readers
    .filter((reader) => reader.card === null)
    .map((reader) =>
      h('button', { type: 'button', class: 'first', onclick: () => void insert(reader, card.id) }, `→ ${reader.name}`),
    );
}

/** @param {string} label @param {...import('./dom.js').Child} value */
const fact = (label, ...value) => h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, ...value));

/** What kind of card it is, where it comes from, and what the register knows. @param {import('./store.js').Card} card */
function standing(card) {
  const known = h('span', { class: `pill ${card.standing.state}` }, say(card.standing.text));
  return h(
    'p',
    { key: 'what', class: 'what' },
    say(card.title),
    ' · ',
    h('span', { class: 'source' }, card.source),
    ' ',
    known,
  );
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
        h(
          'span',
          { id: 'my-number', class: at.myNumber ? 'hex' : 'quiet' },
          at.myNumber ? myNumber.value : t('hidden'),
        ),
        ' ',
        h('button', { ...shown, 'aria-label': `${label}: ${say(myNumber.label)}` }, label),
      ),
    );
  }
  return h('dl', { key: 'facts', class: 'facts' }, ...list);
}

/** @param {any} one */
function certificate(one) {
  return h(
    'li',
    { class: 'certificate' },
    h('strong', {}, say(one.title)),
    ' ',
    h('span', { class: `pill ${one.status.state}` }, say(one.status.text)),
    one.status.since
      ? h('span', { key: 'since', class: 'quiet' }, t('since', { since: readable(one.status.since) }))
      : null,
    h(
      'span',
      { class: 'quiet' },
      `${t('serial')} `,
      h('span', { class: 'hex' }, one.serial),
      ' · ',
      t('until', { from: readable(one.from), to: readable(one.to) }),
    ),
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

/** @param {import('./store.js').Card} card */
async function discard(card) {
  const isCard = card.phone === null;
  const title = t(isCard ? 'discardTitle' : 'discardPhoneTitle', { name: card.name });
  if (!(await confirm(title, t('discardText'), t(isCard ? 'discard' : 'discardPhone')))) return;
  await attempt(async () => {
    await post(`/api/cards/${part(card.id)}/discard`);
    store.chosen = null;
    store.detail = null;
    await refresh();
    message(t(isCard ? 'discarded' : 'discardedPhone'));
  });
}

/** @param {import('./store.js').Card} card */
function last(card) {
  if (!card.made) return null;
  return h(
    'div',
    { key: 'discard', class: 'buttons' },
    h('button', { type: 'button', class: 'danger', onclick: () => void discard(card) }, t(card.phone === null ? 'discard' : 'discardPhone')),
  );
}

/** @returns {import('./dom.js').Child[]} */
function content() {
  const { detail } = store;
  if (store.view === 'person') return person.view();
  if (store.chosen === null)
    return [h('p', { key: 'none', class: 'empty' }, t(store.view === 'gone' ? 'cardGone' : 'noCard'))];
  if (!detail || detail.card.id !== store.chosen) return [h('p', { key: 'loading', class: 'empty' }, t('loading'))];
  if (at.of !== store.chosen) at = { ...fresh(), of: store.chosen };
  notePrint(detail);
  return [
    beside.view(),
    face(detail),
    standing(detail.card),
    // Before the person: tries are what changes while one looks.
    pins.view(detail.pins),
    facts(detail),
    certificates(detail),
    files.view(),
    counter.view('counter', detail.counter ?? []),
    counter.view('kiosk', detail.kiosk ?? []),
    counter.view('phone', detail.phone ?? []),
    last(detail.card),
  ];
}

export function render() {
  const { detail, view } = store;
  const isCard = view === 'card' && detail && detail.card.id === store.chosen;
  const name = isCard ? h('span', { class: 'who', lang: langOf(detail.card.name) }, detail.card.name) : null;
  const heading = view === 'person' ? 'person' : isCard && detail.card.phone !== null ? 'phone' : 'card';
  const key = view === 'person' ? 'person' : `card-${store.chosen}`;
  fill(byId('card'), [
    h(
      'div',
      { key: 'head', class: 'head' },
      h('h2', { id: 'card-title' }, t(heading)),
      name,
    ),
    h(
      'div',
      { key, class: 'scroll', tabindex: '0', role: 'group', 'aria-labelledby': 'card-title' },
      ...content().filter((one) => one !== null),
    ),
  ]);
}
