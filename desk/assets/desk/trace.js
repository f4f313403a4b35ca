/**
 * The trace: every exchange as it comes, as far as the page keeps it.
 *
 * The page keeps the newest [`ROWS`] exchanges in its memory and has at most [`WINDOW`] of them as elements, however many come.
 */

import { getBlob } from './api.js';
import { byId, fill, h } from './dom.js';
import { attempt, message } from './notice.js';
import { store } from './store.js';
import { t } from './text.js';
import { row } from './trace_rows.js';

/** @typedef {import('./trace_rows.js').Entry} Entry */

/** Exchanges that the page keeps. docs/desk.md states this number. */
export const ROWS = 2000;

/** Exchanges that the server keeps. */
const KEPT = 10_000;

/** Lines that are elements at the same time, and how many come or go when one scrolls. */
const WINDOW = 200;
const STEP = 80;

/** Nearer than this to an end, more lines are put there: pixels. */
const NEAR = 300;

/** @type {Entry[]} by their numbers */
let entries = [];
/** The first number that is not known. */
let next = 0;
/** Exchanges before this number were cleared away. */
let cleared = 0;
/** The number up to which lines are shown while the trace is paused. */
let pausedAt = Infinity;
let missing = 0;
const counts = { apdus: 0, refusals: 0 };
const filter = { text: '', status: '', refusals: false, reader: '' };
/** @type {Set<number>} lines that are open */
const opened = new Set();

/** The lines that fit the filter, and the part of them that are elements. */
let fitting = /** @type {Entry[]} */ ([]);
let end = 0;
/** The number of the last line that is an element. Places in the list move when old lines are dropped, numbers do not. */
let lastShown = 0;
/** Whether the newest line is shown as it comes. */
let following = true;
let unseen = 0;
let scheduled = false;

export const firstUnknown = () => next;

/** Exchanges before this number are not asked for. @param {number} seq */
export function startAt(seq) {
  if (next === 0) next = seq;
}

/** @param {number} count */
export function lost(count) {
  missing += count;
  schedule();
}

/** The reader whose card an exchange may have changed. @type {(reader: string) => void} */
let touched = () => {};

/** Instructions after which a card may show other tries: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, and what follows. */
const TOUCHING = /^..(20|21|24|2C|D6|DC|E2)/i;

/** Takes exchanges, some of which may be known. @param {Entry[]} found @param {number | undefined} upTo all before are known then */
export function take(found, upTo) {
  const fresh = found.filter((entry) => entry.seq >= cleared && !has(entry.seq));
  for (const entry of fresh) {
    if (entry.command) counts.apdus += 1;
    if (entry.refused) counts.refusals += 1;
    if (TOUCHING.test(entry.command ?? '')) touched(entry.reader);
  }
  if (fresh.length > 0) {
    const inOrder = entries.length === 0 || fresh[0].seq > entries[entries.length - 1].seq;
    entries = entries.concat(fresh);
    if (!inOrder) entries.sort((left, right) => left.seq - right.seq);
    if (entries.length > ROWS) {
      for (const entry of entries.slice(0, -ROWS)) opened.delete(entry.seq);
      entries = entries.slice(-ROWS);
    }
    unseen += fresh.length;
  }
  for (const entry of found) if (entry.seq === next || next === 0) next = entry.seq + 1;
  if (upTo !== undefined && upTo > next) next = upTo;
  schedule();
}

/** @param {number} seq */
function has(seq) {
  if (entries.length === 0 || seq > entries[entries.length - 1].seq) return false;
  let [low, high] = [0, entries.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (entries[middle].seq === seq) return true;
    if (entries[middle].seq < seq) low = middle + 1;
    else high = middle - 1;
  }
  // What was dropped because it is old is not taken again.
  return entries.length >= ROWS && seq < entries[0].seq;
}

/** @param {Entry} entry */
function fits(entry) {
  if (entry.seq > pausedAt || entry.seq < cleared) return false;
  if (filter.refusals && !entry.refused) return false;
  if (filter.reader && entry.reader !== filter.reader) return false;
  if (filter.status && !statusFits(entry.sw ?? '')) return false;
  if (!filter.text) return true;
  const words = [
    entry.text.en,
    entry.text.ja,
    entry.swText?.en,
    entry.swText?.ja,
    entry.command,
    entry.response,
    entry.kind,
  ];
  for (const reason of entry.reasons ?? []) words.push(reason.rule, reason.text.en, reason.text.ja, reason.certainty);
  return words.join('\n').toLowerCase().includes(filter.text);
}

/** `x` stands for any digit. @param {string} status */
function statusFits(status) {
  const wanted = filter.status;
  return [...wanted].every((digit, at) => digit === 'X' || status.toUpperCase()[at] === digit);
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // A hidden page draws nothing until it is shown again.
  requestAnimationFrame(() => {
    scheduled = false;
    drawLines();
    drawHead();
  });
}

const list = () => byId('trace-lines');

/** @param {number} seq */
function toggle(seq) {
  if (!opened.delete(seq)) opened.add(seq);
  const old = list().querySelector(`[data-seq="${seq}"]`);
  const entry = entries.find((one) => one.seq === seq);
  if (!old || !entry) return;
  const fresh = element(entry);
  old.replaceWith(fresh);
  fresh.querySelector('button')?.focus();
}

/** @param {Entry} entry */
const element = (entry) => row(entry, opened.has(entry.seq), (store.state?.readers.length ?? 1) > 1, toggle);

/** Makes the lines from `from` to `end` be elements, and keeps those that are. @param {boolean} anew */
function drawLines(anew = false) {
  const ol = list();
  fitting = entries.filter(fits);
  end = following ? fitting.length : fitting.filter((entry) => entry.seq <= lastShown).length;
  end = Math.min(Math.max(end, Math.min(WINDOW, fitting.length)), fitting.length);
  lastShown = fitting[end - 1]?.seq ?? 0;
  const shown = fitting.slice(Math.max(end - WINDOW, 0), end);
  if (anew) ol.replaceChildren();
  /** @type {Map<number, Element>} */
  const there = new Map();
  for (const child of ol.children) there.set(Number(/** @type {HTMLElement} */ (child).dataset.seq), child);
  const wanted = new Set(shown.map((entry) => entry.seq));
  for (const [seq, child] of there) if (!wanted.has(seq)) child.remove();
  let at = ol.firstElementChild;
  for (const entry of shown) {
    const known = there.get(entry.seq);
    if (known) at = known.nextElementSibling;
    else ol.insertBefore(element(entry), at);
  }
  byId('trace-empty').textContent =
    shown.length > 0 ? '' : t(entries.length > 0 && !filtersNothing() ? 'noMatch' : 'noTrace');
  toNewest();
}

/** Shows the newest line, unless the user has scrolled away from it. A place that was not shown had no height to scroll. */
function toNewest() {
  if (!following) return;
  const box = byId('trace-box');
  box.scrollTop = box.scrollHeight;
  unseen = 0;
}

const filtersNothing = () => !filter.text && !filter.status && !filter.refusals && !filter.reader;

/** Keeps what is looked at in its place while lines come and go above it. @param {() => void} change */
function anchored(change) {
  const box = byId('trace-box');
  const top = box.getBoundingClientRect().top;
  const anchor = [...list().children].find((child) => child.getBoundingClientRect().bottom > top);
  const before = anchor?.getBoundingClientRect().top ?? 0;
  change();
  if (anchor?.isConnected) box.scrollTop += anchor.getBoundingClientRect().top - before;
}

function scrolled() {
  const box = byId('trace-box');
  const below = box.scrollHeight - box.scrollTop - box.clientHeight;
  const wasFollowing = following;
  // A place that is not shown scrolls by itself.
  if (box.clientHeight === 0) return;
  following = end >= fitting.length && below < 4;
  if (box.scrollTop < NEAR && end > WINDOW && !following) {
    anchored(() => {
      lastShown = fitting[Math.max(end - STEP, WINDOW) - 1].seq;
      drawLines();
    });
  } else if (below < NEAR && end < fitting.length) {
    anchored(() => {
      lastShown = fitting[Math.min(end + STEP, fitting.length) - 1].seq;
      drawLines();
    });
  }
  if (following) unseen = 0;
  if (wasFollowing !== following) drawHead();
}

function jump() {
  following = true;
  drawLines();
  drawHead();
}

/** @param {Partial<typeof filter>} change */
function filterBy(change) {
  Object.assign(filter, change);
  following = true;
  drawLines();
}

function pause() {
  pausedAt = pausedAt === Infinity ? (entries.at(-1)?.seq ?? next - 1) : Infinity;
  if (pausedAt === Infinity) following = true;
  schedule();
}

function clear() {
  cleared = (entries.at(-1)?.seq ?? next - 1) + 1;
  entries = [];
  opened.clear();
  missing = 0;
  counts.apdus = 0;
  counts.refusals = 0;
  if (pausedAt !== Infinity) pausedAt = cleared - 1;
  following = true;
  schedule();
}

/** Saves what the server keeps. The answer needs the token, so a link can't fetch it. */
async function save() {
  const blob = await getBlob('/api/trace.pcapng');
  const address = URL.createObjectURL(blob);
  const file = `vmyna-desk-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}.pcapng`;
  h('a', { href: address, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  message(t('saved', { file }));
}

function drawHead() {
  const paused = pausedAt !== Infinity;
  const waiting = paused ? entries.filter((entry) => entry.seq > pausedAt).length : 0;
  byId('trace-counts').textContent = paused ? t('pausedWith', { count: waiting }) : t('counts', counts);
  byId('trace-pause').textContent = t(paused ? 'resume' : 'pause');
  byId('trace-pause').setAttribute('aria-pressed', String(paused));
  const button = byId('trace-jump');
  button.hidden = following;
  button.textContent = unseen > 0 ? t('jump', { count: unseen }) : t('jumpPlain');
  byId('trace-lost').textContent = missing > 0 ? t('lost', { count: missing }) : '';
}

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value.trim();

function filters() {
  const readers = store.state?.readers ?? [];
  return [
    h('input', {
      key: 'text',
      type: 'search',
      id: 'trace-filter',
      'aria-label': t('filter'),
      placeholder: t('filter'),
      autocomplete: 'off',
      oninput: (/** @type {Event} */ event) => filterBy({ text: valueOf(event).toLowerCase() }),
    }),
    h('input', {
      key: 'status',
      type: 'search',
      id: 'trace-status',
      class: 'hex',
      maxlength: 4,
      'aria-label': `${t('filterStatus')}, ${t('filterStatusHint')}`,
      placeholder: t('filterStatusHint'),
      autocomplete: 'off',
      oninput: (/** @type {Event} */ event) => filterBy({ status: valueOf(event).toUpperCase() }),
    }),
    readers.length > 1
      ? h(
          'select',
          {
            key: 'reader',
            id: 'trace-reader',
            'aria-label': t('filterReader'),
            onchange: (/** @type {Event} */ event) => filterBy({ reader: valueOf(event) }),
          },
          h('option', { value: '' }, t('allReaders')),
          ...readers.map((reader) => h('option', { value: reader.name }, reader.name)),
        )
      : null,
    h(
      'label',
      { key: 'refusals', class: 'check' },
      h('input', {
        type: 'checkbox',
        id: 'trace-refusals',
        onchange: (/** @type {Event} */ event) =>
          filterBy({ refusals: /** @type {HTMLInputElement} */ (event.target).checked }),
      }),
      ` ${t('onlyRefusals')}`,
    ),
  ];
}

let drawnLanguage = '';

/** @param {string} language the one that is shown */
export function render(language) {
  fill(byId('trace'), [
    h(
      'div',
      { key: 'head', class: 'head bar' },
      h('h2', { id: 'trace-title' }, t('trace')),
      h('button', { type: 'button', id: 'trace-pause', onclick: pause, 'data-once': true }),
      h('button', { type: 'button', id: 'trace-clear', onclick: clear }, t('clear')),
      h('button', { type: 'button', id: 'trace-save', onclick: () => void attempt(save) }, t('exportTrace')),
      ...filters().filter((one) => one !== null),
      h('span', { key: 'counts', id: 'trace-counts', class: 'quiet counts', 'data-once': true }),
    ),
    h(
      'div',
      {
        key: 'box',
        id: 'trace-box',
        class: 'scroll',
        tabindex: '0',
        role: 'group',
        'aria-labelledby': 'trace-title',
        onscroll: scrolled,
      },
      h('p', { id: 'trace-lost', class: 'empty', 'data-once': true }),
      h('p', { id: 'trace-empty', class: 'empty', 'data-once': true }),
      h('ol', { id: 'trace-lines', class: 'plain', 'data-once': true }),
    ),
    h('button', { key: 'jump', type: 'button', id: 'trace-jump', hidden: true, onclick: jump, 'data-once': true }),
    h(
      'p',
      { key: 'limits', class: 'quiet limits' },
      t('limits', { rows: ROWS.toLocaleString('en'), kept: KEPT.toLocaleString('en') }),
    ),
  ]);
  if (!drawnLanguage) new ResizeObserver(toNewest).observe(byId('trace-box'));
  if (drawnLanguage !== language) drawLines(true);
  drawnLanguage = language;
  drawHead();
}

/** @param {(reader: string) => void} listener called for a reader whose card may have changed */
export function onTouch(listener) {
  touched = listener;
}
