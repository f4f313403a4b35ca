/** One line of the trace, and what it opens to: prose first, then bytes, then every reason. */

import { h } from './dom.js';
import { duration, langOf, say, t, timeOfDay } from './text.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {{text: Text, rule?: string, certainty?: string, source?: string}} Reason */
/**
 * @typedef {object} Entry
 * @property {number} seq
 * @property {string} time
 * @property {string} reader
 * @property {string} kind
 * @property {string} [command] hex, masked bytes as `**`
 * @property {Text} text
 * @property {string} [response]
 * @property {string | null} [sw]
 * @property {Text | null} [swText]
 * @property {number} [micros]
 * @property {boolean} refused
 * @property {Text[]} [fields]
 * @property {Reason[]} [reasons]
 */

/** Hex digits of a line; the whole is in what it opens to. */
const SHORT = 48;

/** Hex as people read it: masked bytes are dots. @param {string} hex */
const dots = (hex) => hex.replaceAll('**', '••');

/** @param {string} hex */
const shortened = (hex) => (hex.length > SHORT ? `${hex.slice(0, SHORT)}…` : hex);

/** @param {string} hex in groups of four bytes, so that it can break */
const grouped = (hex) =>
  dots(hex)
    .replace(/\s/g, '')
    .replace(/(.{8})(?=.)/g, '$1 ');

const CERTAINTIES = /** @type {const} */ (['measured', 'documented', 'client', 'assumed']);

/** @param {string | undefined} certainty */
function badge(certainty) {
  const known = CERTAINTIES.find((one) => one === certainty);
  return known ? h('span', { class: `badge ${known}` }, t(known)) : null;
}

/** @param {Reason} reason */
function reasonItem(reason) {
  return h(
    'li',
    {},
    say(reason.text),
    ' ',
    reason.rule ? h('code', {}, reason.rule) : null,
    ' ',
    badge(reason.certainty),
    reason.source
      ? h('span', { class: 'quiet' }, `${t('source')}: `, h('span', { lang: langOf(reason.source) }, reason.source))
      : null,
  );
}

/** @param {string} title @param {Node} content */
const block = (title, content) => h('div', { class: 'block' }, h('h3', {}, title), content);

/** @param {Entry} entry */
function details(entry) {
  const fields = (entry.fields ?? []).map((field) => h('li', {}, dots(say(field))));
  const reasons = (entry.reasons ?? []).map(reasonItem);
  const bytes = h(
    'dl',
    { class: 'facts' },
    entry.command
      ? h('div', { class: 'fact' }, h('dt', {}, t('command')), h('dd', { class: 'hex' }, grouped(entry.command)))
      : null,
    h(
      'div',
      { class: 'fact' },
      h('dt', {}, t('response')),
      h('dd', { class: 'hex' }, entry.response ? grouped(entry.response) : t('noResponse')),
    ),
  );
  return h(
    'div',
    { class: 'details' },
    reasons.length > 0 ? block(t('why'), h('ul', { class: 'plain' }, ...reasons)) : null,
    fields.length > 0 ? block(t('meaning'), h('ul', { class: 'plain fields' }, ...fields)) : null,
    entry.command ? block(t('bytes'), bytes) : null,
  );
}

/** @param {Entry} entry */
function outcome(entry) {
  if (!entry.command) return [];
  const micros = entry.micros === undefined || entry.micros === null ? '' : duration(entry.micros);
  const status = entry.sw ?? '';
  return [
    h('span', { class: `sw ${entry.refused ? 'bad' : status ? 'ok' : 'none'}` }, status || t('noResponse')),
    h('span', { class: 'time' }, micros),
  ];
}

/** What the card decided, in words: the first reason states what happened, those with a rule why.
 * @param {Entry} entry @returns {Text | null | undefined} */
function decision(entry) {
  const [first] = entry.reasons ?? [];
  // Of what was permitted, only what has changed.
  if (first && (entry.refused || !(first.rule || first.certainty))) return first.text;
  return entry.sw === '9000' ? null : entry.swText;
}

/** @param {Entry} entry */
function prose(entry) {
  const decided = say(decision(entry));
  const certainty = entry.reasons?.findLast((reason) => reason.certainty)?.certainty;
  return h(
    'span',
    { class: 'prose' },
    entry.refused ? h('strong', { class: 'refusal' }, t('refusedLabel')) : null,
    say(entry.text),
    decided ? ` — ${decided}` : null,
    ' ',
    entry.refused ? badge(certainty) : null,
  );
}

/** A line. @param {Entry} entry @param {boolean} isOpen @param {boolean} manyReaders @param {(seq: number) => void} toggle */
export function row(entry, isOpen, manyReaders, toggle) {
  const kind = entry.refused ? 'refused' : entry.command ? 'apdu' : entry.kind === 'fault' ? 'fault' : 'event';
  const bytes = entry.command ? dots(shortened(entry.command)) : '';
  return h(
    'li',
    { class: `entry ${kind}`, 'data-seq': entry.seq, 'data-sw': entry.sw ?? null },
    h(
      'button',
      { type: 'button', class: 'row', 'aria-expanded': String(isOpen), onclick: () => toggle(entry.seq) },
      h('span', { class: 'time' }, timeOfDay(entry.time)),
      manyReaders ? h('span', { class: 'where' }, entry.reader) : null,
      prose(entry),
      h('span', { class: 'bytes' }, bytes),
      h('span', { class: 'outcome' }, ...outcome(entry)),
    ),
    isOpen ? details(entry) : null,
  );
}
