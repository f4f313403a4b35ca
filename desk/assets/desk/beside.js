/** A second card that stays in sight while another one is chosen: its face, its tries, its certificates. */

import { h } from './dom.js';
import { picture } from './faces.js';
import { changed, choose, store } from './store.js';
import { attempt } from './notice.js';
import { langOf, say, t } from './text.js';
import { tries } from './pins.js';

/** @param {any} detail of the chosen card */
export function keepButton(detail) {
  if (store.beside?.card.id === detail.card.id) return null;
  const keep = () => {
    store.beside = detail;
    changed();
  };
  return h('button', { key: 'keep', type: 'button', id: 'keep-beside', onclick: keep }, t('keepBeside'));
}

function putAway() {
  store.beside = null;
  changed();
}

/** The second card, unless it is the chosen one. */
export function view() {
  const { beside } = store;
  if (!beside || beside.card.id === store.chosen) return null;
  const { card } = beside;
  const pins = beside.pins.map((/** @type {import('./pins.js').Pin} */ pin) =>
    h('li', {}, say(pin.label), ' ', tries(pin)),
  );
  const certificates = beside.certificates.map((/** @type {any} */ one) =>
    h('li', {}, say(one.title), ' ', h('span', { class: `pill ${one.status.state}` }, say(one.status.text))),
  );
  return h(
    'article',
    { key: 'beside', class: 'beside', 'aria-labelledby': 'beside-title' },
    h(
      'div',
      { class: 'head' },
      h('h3', { id: 'beside-title', lang: langOf(card.name) }, card.name),
      h(
        'button',
        { type: 'button', class: 'small', onclick: () => void attempt(() => choose(card.id)) },
        t('chooseThis'),
      ),
      h('button', { type: 'button', class: 'small', onclick: putAway }, t('putAway')),
    ),
    h('div', { class: 'pair' }, picture(card, 'front'), h('ul', { class: 'plain' }, ...pins, ...certificates)),
  );
}
