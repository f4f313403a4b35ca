/** The desk's page: puts its places together and keeps them as the server states them. */

import { hasToken, takeToken } from './api.js';
import * as card from './card.js';
import { byId, fill, h } from './dom.js';
import { message } from './notice.js';
import * as readers from './readers.js';
import * as shelf from './shelf.js';
import { changed, onChange, refresh, refreshBeside, refreshDetail, store } from './store.js';
import { Stream } from './stream.js';
import { say, show, shown, t } from './text.js';
import * as trace from './trace.js';

/** @typedef {import('./stream.js').Connection} Connection */

const PLACES = /** @type {const} */ (['shelf', 'readers', 'card', 'trace']);
const SCHEME = 'vmyna-desk-colours';

/** A card whose tries may have changed is asked for once in this time: milliseconds. */
const SETTLED = 150;

/** @type {Connection} */
let connection = { state: 'connecting' };
let wasGone = false;
let ticking = 0;

/** @param {string} place */
function goTo(place) {
  byId('places').dataset.place = place;
  tabs();
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

/** @param {string} scheme */
function colours(scheme) {
  document.documentElement.dataset.theme = scheme;
  localStorage.setItem(SCHEME, scheme);
  header();
}

function header() {
  document.documentElement.lang = shown();
  document.title = `${t('title')} — 見本 SPECIMEN`;
  byId('title').textContent = t('title');
  byId('skip').textContent = t('skipToTrace');
  byId('desk-name').textContent = t('desk');
  byId('fictional').textContent = t('fictional');
  const language = byId('language');
  language.textContent = t('language');
  language.lang = shown() === 'en' ? 'ja' : 'en';
  const scheme = byId('scheme');
  scheme.textContent = '◐';
  scheme.title = t(isDark() ? 'light' : 'dark');
  scheme.setAttribute('aria-label', scheme.title);
}

function tabs() {
  const nav = byId('tabs');
  nav.setAttribute('aria-label', t('places'));
  const here = byId('places').dataset.place;
  const tab = (/** @type {typeof PLACES[number]} */ place) =>
    h(
      'button',
      {
        key: place,
        type: 'button',
        'aria-current': here === place ? 'true' : null,
        'aria-controls': place,
        onclick: () => goTo(place),
      },
      t(place),
    );
  fill(nav, PLACES.map(tab));
}

/** @param {string} title @param {string} text @param {...HTMLElement} more */
function notice(title, text, ...more) {
  return h(
    'div',
    { key: 'notice', class: 'notice', role: 'alert' },
    h('strong', {}, title),
    ' ',
    h('span', {}, text),
    ' ',
    ...more,
  );
}

function banner() {
  const box = byId('banner');
  clearTimeout(ticking);
  document.body.dataset.connection = hasToken() ? connection.state : 'no-token';
  // Without a valid token there is nothing to show.
  const isLocked = !hasToken() || connection.state === 'refused';
  byId('places').toggleAttribute('data-locked', isLocked);
  byId('tabs').hidden = isLocked;
  if (!hasToken()) return fill(box, [notice(t('noToken'), t('noTokenHow'))]);
  if (connection.state === 'refused') return fill(box, [notice(t('badToken'), t('badTokenHow'))]);
  if (connection.state === 'waiting' || (connection.state === 'connecting' && wasGone)) {
    const seconds = Math.max(Math.ceil(((connection.until ?? 0) - Date.now()) / 1000), 0);
    const text = connection.state === 'waiting' ? t('goneAgain', { seconds }) : t('goneNow');
    if (connection.state === 'waiting') ticking = window.setTimeout(banner, 500);
    // Only the title is announced: the seconds would be read out again and again.
    const counting = h('span', { 'aria-live': 'off' }, text);
    const now = h('button', { type: 'button', onclick: () => stream.start() }, t('askNow'));
    const title = h('strong', { role: 'alert' }, say(connection.why) || t('gone'));
    return fill(box, [h('div', { key: 'gone', class: 'notice' }, title, ' ', counting, ' ', now)]);
  }
  if (store.state === null) return fill(box, [h('p', { key: 'loading', class: 'empty' }, t('loading'))]);
  return fill(box, []);
}

/** @param {Connection} now */
function connected(now) {
  if (now.state === 'waiting') wasGone = true;
  if (now.state === 'open' && wasGone) {
    wasGone = false;
    message(t('back'));
  }
  // While it is asked again, the reason of before stands; a changing title would be read out each time.
  connection = now.state === 'connecting' ? { ...now, why: connection.why } : now;
  banner();
}

function draw() {
  const around = surroundings(document.activeElement);
  header();
  tabs();
  banner();
  if (!store.state) return;
  shelf.render();
  readers.render();
  card.render();
  trace.render(shown());
  keepFocus(around);
}

/** What an element of a place is in, from the inside out. @param {Element | null} element */
function surroundings(element) {
  const around = [];
  for (let at = element?.closest('.place') ? element.parentElement : null; at; at = at.parentElement) {
    around.push(at);
    if (at.matches('.place')) break;
  }
  return around;
}

/** A button that has done its work may be gone: the focus goes to the nearest one that is left, not to the top of the page.
 * @param {Element[]} around */
function keepFocus(around) {
  const has = document.activeElement;
  if (has && has !== document.body && !has.matches(':disabled')) return;
  for (const element of around.filter((one) => one.isConnected)) {
    const near = element.querySelector('button:enabled, select:enabled, input:enabled');
    if (near instanceof HTMLElement) return near.focus({ preventScroll: true });
  }
}

const stream = new Stream({
  connection: connected,
  state: async (anew) => {
    await refresh(!anew);
    // Of a desk that has run for long, only what the page would keep.
    trace.startAt(Math.max((store.state?.sequence ?? 0) + 1 - trace.ROWS, 1));
  },
  trace: trace.take,
  next: trace.firstUnknown,
  lost: trace.lost,
});

let settling = 0;
// Tries may have changed of the chosen card or the one beside it.
trace.onTouch((reader) => {
  const shownCards = [store.chosen, store.beside?.card.id].map((id) => store.cards[id ?? '']);
  if (settling || !shownCards.some((one) => one?.reader === reader)) return;
  settling = window.setTimeout(() => {
    settling = 0;
    Promise.all([refreshDetail(), refreshBeside()]).then(changed, () => {});
  }, SETTLED);
});

function begin() {
  const kept = localStorage.getItem(SCHEME);
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
  byId('language').addEventListener('click', () => {
    show(shown() === 'en' ? 'ja' : 'en');
    draw();
  });
  byId('scheme').addEventListener('click', () => colours(isDark() ? 'light' : 'dark'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', header);
  byId('shelf').addEventListener('dragover', (event) => event.preventDefault());
  byId('shelf').addEventListener('drop', readers.droppedOnShelf);
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    goTo('trace');
    byId('trace').focus();
  });
  // A link that is opened in this tab comes as another fragment only.
  window.addEventListener('hashchange', enter);
  shelf.begin(goTo);
  onChange(draw);
  enter();
}

function enter() {
  takeToken();
  draw();
  if (hasToken()) stream.start();
}

begin();
