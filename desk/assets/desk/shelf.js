/** The shelf: every card of the desk, found by words, chosen by click, key or drag. */

import { post } from './api.js';
import { byId, fill, h } from './dom.js';
import { attempt, message } from './notice.js';
import { changed, choose, more, PAGE, searchFor, store } from './store.js';
import { langOf, say, t } from './text.js';

/** @typedef {import('./store.js').Card} Card */

/** What a dragged card is called between the shelf and the readers. */
export const DRAGGED = 'application/x-vmyna-card';

/** How long typing must rest before the server is asked: milliseconds. */
const REST = 200;

/** @type {(place: string) => void} */
let goTo = () => {};
let typing = 0;

/** @param {(place: string) => void} go shows a place on narrow screens */
export function begin(go) {
  goTo = go;
}

/** @param {Event} event */
function typed(event) {
  const { value } = /** @type {HTMLInputElement} */ (event.target);
  clearTimeout(typing);
  typing = window.setTimeout(() => void attempt(() => searchFor(value.trim())), REST);
}

/** @param {Card} card */
async function pick(card) {
  await attempt(() => choose(card.id));
}

/** Arrow keys go through the list; Enter and blank show the card. @param {KeyboardEvent} event @param {Card} card */
function pressed(event, card) {
  const options = [...byId('cards').children];
  const at = options.indexOf(/** @type {Element} */ (event.currentTarget));
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 };
  if (event.key in steps) {
    event.preventDefault();
    const to = options[steps[/** @type {keyof typeof steps} */ (event.key)]];
    if (!(to instanceof HTMLElement)) return;
    to.focus();
    const next = store.shelf.cards[options.indexOf(to)];
    if (next) void pick(next);
  } else if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    void pick(card).then(() => goTo('card'));
  }
}

/** @param {DragEvent} event @param {Card} card */
function dragged(event, card) {
  event.dataTransfer?.setData(DRAGGED, card.id);
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
}

/** One word of what the register knows; why it knows nothing stands at the card. @param {Card} card */
function standing({ standing: { state, text } }) {
  return h('span', { class: `pill ${state}`, title: say(text) }, state === 'unknown' ? t('unknown') : say(text));
}

/** @param {Card} card @param {boolean} reachable */
function row(card, reachable) {
  const isChosen = store.chosen === card.id;
  const place = card.reader === null ? null : h('span', { class: 'pill' }, t('inReader', { reader: card.reader }));
  return h(
    'li',
    {
      key: card.id,
      role: 'option',
      class: 'option',
      'aria-selected': String(isChosen),
      tabindex: reachable ? '0' : '-1',
      draggable: 'true',
      onclick: () => void pick(card).then(() => goTo('card')),
      onkeydown: (/** @type {KeyboardEvent} */ event) => pressed(event, card),
      ondragstart: (/** @type {DragEvent} */ event) => dragged(event, card),
    },
    h('span', { class: `thumb ${card.standing.state}${card.phone === null ? '' : ' phone'}`, 'aria-hidden': 'true' }, [...card.name.trim()][0] ?? '·'),
    h(
      'span',
      { class: 'words' },
      h('span', { class: 'top' }, h('span', { class: 'name', lang: langOf(card.name) }, card.name), standing(card)),
      h('span', { class: 'what' }, say(card.title)),
      h('span', { class: 'source' }, card.source),
      place,
    ),
  );
}

async function invent() {
  const { id } = await post('/api/cards/invent');
  await choose(id);
  message(t('invented', { name: store.cards[id]?.name ?? '' }));
  goTo('card');
}

function person() {
  store.view = 'person';
  changed();
  goTo('card');
  byId('person-name').focus();
}

function list() {
  const { cards, total } = store.shelf;
  const chosen = cards.some((card) => card.id === store.chosen);
  if (cards.length === 0) {
    const text = store.search ? t('noneFound', { search: store.search }) : t('noCards');
    return [h('p', { key: 'empty', class: 'empty' }, text)];
  }
  const left = total - cards.length;
  const button = { key: 'more', type: 'button', class: 'wide', onclick: () => void attempt(more) };
  return [
    h(
      'ul',
      { key: 'cards', id: 'cards', role: 'listbox', 'aria-label': t('shelf'), 'aria-describedby': 'shelf-keys' },
      ...cards.map((card, at) => row(card, chosen ? card.id === store.chosen : at === 0)),
    ),
    left > 0 ? h('button', button, t('moreCards', { count: Math.min(left, PAGE) })) : null,
  ];
}

export function render() {
  const { cards, total } = store.shelf;
  fill(byId('shelf'), [
    h(
      'div',
      { key: 'head', class: 'head' },
      h('h2', { id: 'shelf-title' }, t('shelf')),
      h('span', { class: 'quiet' }, total > 0 ? t('cardsShown', { shown: cards.length, total }) : ''),
    ),
    h('input', {
      key: 'search',
      type: 'search',
      id: 'search',
      placeholder: t('search'),
      'aria-label': t('search'),
      autocomplete: 'off',
      oninput: typed,
    }),
    h('div', { key: 'list', class: 'scroll', id: 'shelf-list' }, ...list().filter((item) => item !== null)),
    h('p', { key: 'keys', id: 'shelf-keys', class: 'unseen' }, t('shelfKeys')),
    h(
      'div',
      { key: 'foot', class: 'foot buttons' },
      h('button', { type: 'button', id: 'new-person', onclick: person }, t('newPerson')),
      h('button', { type: 'button', id: 'invent', onclick: () => void attempt(invent) }, t('invent')),
    ),
  ]);
}
