/** What the page shows: the desk's state as the server stated it last, and what the user has chosen. */

import { get, part } from './api.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {{state: 'good' | 'held' | 'revoked' | 'expired' | 'withdrawn' | 'unknown', text: Text}} Standing */
/**
 * @typedef {object} Card
 * @property {string} id
 * @property {string} source
 * @property {string} name
 * @property {Text} title
 * @property {string | null} reader
 * @property {boolean} builtIn
 * @property {boolean} made whether the desk has made it
 * @property {string | null} phone what kind of phone it is; null for a card
 * @property {Standing} standing
 */
/** @typedef {{id: string, text: Text, fired: boolean}} Fault */
/** @typedef {{name: string, plugged: boolean, card: string | null, powered: boolean, programs: number, locked: boolean, faults: Fault[]}} Reader */
/** @typedef {{cards: Card[], total: number}} Shelf */
/** @typedef {{socket: string, command: string, readers: Reader[], shelf: Shelf, presets: {id: string, text: Text}[], sequence: number}} State */

/** Cards that one request brings. */
export const PAGE = 50;

export const store = {
  /** @type {State | null} */
  state: null,
  /** @type {Shelf} the cards that the search has found, as far as they were asked for */
  shelf: { cards: [], total: 0 },
  search: '',
  /** @type {string | null} the chosen card */
  chosen: null,
  /** @type {any} the chosen card's details, or null while they are not there */
  detail: null,
  /** @type {any} details of a second card, which stay in sight beside the chosen one */
  beside: null,
  /** @type {'card' | 'person' | 'gone'} what the place of the card shows */
  view: 'card',
  /** @type {Record<string, Card>} each card that was seen, by its id */
  cards: {},
};

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} listener called after each change */
export function onChange(listener) {
  listeners.add(listener);
}

export function changed() {
  for (const listener of listeners) listener();
}

/** The card in a reader. @param {Reader} reader @returns {Card | undefined} */
export function cardIn(reader) {
  return reader.card === null ? undefined : store.cards[reader.card];
}

/** @returns {Card | undefined} */
export function chosenCard() {
  return store.chosen === null ? undefined : store.cards[store.chosen];
}

/** @param {Card[]} cards */
function know(cards) {
  for (const card of cards) store.cards[card.id] = card;
}

/** @type {Promise<void> | null} */
let refreshing = null;
let again = false;
let whole = false;

/** Asks for the state and for what of it the page shows. Requests do not overtake each other: a second call while one is on
 * its way asks once more behind it. With `onlyReaders`, cards are asked for only if the readers do not explain what has changed. */
export function refresh(onlyReaders = false) {
  again = true;
  whole ||= !onlyReaders;
  refreshing ??= (async () => {
    try {
      while (again) {
        const all = whole;
        again = false;
        whole = false;
        await ask(all);
      }
    } finally {
      refreshing = null;
    }
  })();
  return refreshing;
}

/** What of a reader changes no card: programs come and go with each run, and the power with them. @param {Reader} reader */
const uses = ({ programs, locked, powered }) => JSON.stringify([programs, locked, powered]);

/** Whether only the use of readers has changed. @param {State | null} before @param {State} now */
function isUseOnly(before, now) {
  const rest = (/** @type {State} */ state) =>
    JSON.stringify({
      ...state,
      sequence: 0,
      readers: state.readers.map((reader) => ({ ...reader, programs: 0, locked: false, powered: false })),
    });
  if (!before || rest(before) !== rest(now)) return false;
  return before.readers.some((reader, at) => uses(reader) !== uses(now.readers[at]));
}

/** @param {boolean} all */
async function ask(all) {
  const state = await get('/api/state');
  const isUse = !all && isUseOnly(store.state, state);
  store.state = state;
  know(state.shelf.cards);
  if (!isUse) {
    await Promise.all([reloadShelf(state.shelf), refreshDetail(), refreshBeside(), ...state.readers.map(knowCardOf)]);
  }
  changed();
}

/** Cards of a collection are on no page that was asked for. @param {Reader} reader */
async function knowCardOf(reader) {
  if (reader.card === null || store.cards[reader.card]) return;
  try {
    const { card } = await get(`/api/cards/${part(reader.card)}`);
    know([card]);
  } catch (error) {
    // It may have been taken off the shelf just now.
    if (/** @type {any} */ (error).status !== 404) throw error;
  }
}

/** @param {number} from */
async function shelfFrom(from) {
  return get(`/api/shelf?search=${encodeURIComponent(store.search)}&from=${from}`);
}

/** Asks again for as many cards as are shown. @param {Shelf} first the first cards of the whole shelf */
async function reloadShelf(first) {
  const search = store.search;
  const wanted = Math.max(store.shelf.cards.length, PAGE);
  if (search === '' && wanted <= PAGE) {
    store.shelf = { cards: first.cards, total: first.total };
    return;
  }
  /** @type {Card[]} */
  const cards = [];
  let total = 0;
  do {
    const answer = await shelfFrom(cards.length);
    total = answer.total;
    if (answer.cards.length === 0) break;
    cards.push(...answer.cards);
  } while (cards.length < Math.min(wanted, total));
  if (search !== store.search) return;
  know(cards);
  store.shelf = { cards, total };
}

/** @param {string} search */
export async function searchFor(search) {
  store.search = search;
  const answer = await shelfFrom(0);
  if (search !== store.search) return;
  know(answer.cards);
  store.shelf = answer;
  changed();
}

export async function more() {
  const search = store.search;
  const answer = await shelfFrom(store.shelf.cards.length);
  if (search !== store.search) return;
  know(answer.cards);
  store.shelf = { cards: [...store.shelf.cards, ...answer.cards], total: answer.total };
  changed();
}

/** Asks for the chosen card's details. */
export async function refreshDetail() {
  const { chosen } = store;
  if (chosen === null) return;
  try {
    const detail = await get(`/api/cards/${part(chosen)}`);
    if (chosen !== store.chosen) return;
    know([detail.card]);
    store.detail = detail;
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) throw error;
    if (chosen !== store.chosen) return;
    store.chosen = null;
    store.detail = null;
    if (store.view === 'card') store.view = 'gone';
  }
}

/** Asks for the details of the card that is kept beside. */
export async function refreshBeside() {
  const id = store.beside?.card.id;
  if (id === undefined) return;
  try {
    const detail = await get(`/api/cards/${part(id)}`);
    if (store.beside?.card.id === id) store.beside = detail;
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) throw error;
    store.beside = null;
  }
}

/** @param {string} id */
export async function choose(id) {
  if (store.chosen !== id) store.detail = null;
  store.chosen = id;
  store.view = 'card';
  changed();
  await refreshDetail();
  changed();
}
