/** The page's two languages: which one is shown, and how values are written in it. */

import { WORDS } from './words.js';

/** @typedef {'en' | 'ja'} Language */
/** @typedef {{en: string, ja: string}} Text */
/** @typedef {keyof typeof WORDS} Word */

const KEPT = 'vmyna-desk-language';

/** @returns {Language} */
function first() {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'en' || kept === 'ja') return kept;
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

/** @type {Language} */
let language = first();

export function shown() {
  return language;
}

/** @param {Language} wanted */
export function show(wanted) {
  language = wanted;
  localStorage.setItem(KEPT, wanted);
}

/** A text of the server in the shown language. @param {Text | null | undefined} text */
export function say(text) {
  return text ? text[language] : '';
}

/** A text of the page in the shown language; `{name}` in it becomes the value of that name.
 * @param {Word} word @param {Record<string, string | number>} values */
export function t(word, values = {}) {
  return WORDS[word][language].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** The `lang` of a value from a card: Japanese if it has Japanese characters, else none. @param {string} value */
export function langOf(value) {
  return /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[\ud840-\ud8ff]/.test(value) ? 'ja' : undefined;
}

/** A value as people read it: a moment in the user's zone, anything else as it is. @param {string} value */
export function readable(value) {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return value;
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' }).format(new Date(value));
}

/** The time of day with milliseconds, in the user's zone. @param {string} time RFC 3339 */
export function timeOfDay(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** @param {number} micros */
export function duration(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(1)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}
