/** The PINs of the card: tries left as stars, and buttons that block a PIN or give it its tries back. */

import { part, post } from './api.js';
import * as counter from './counter.js';
import { h } from './dom.js';
import { attempt, confirm } from './notice.js';
import { refresh, store } from './store.js';
import { say, t } from './text.js';

/** @typedef {import('./text.js').Text} Text */
/**
 * @typedef {object} Pin
 * @property {string} id
 * @property {Text} label
 * @property {number | null} tries
 * @property {number | null} limit
 * @property {'ok' | 'blocked' | 'unset'} state
 * @property {boolean} canReset
 * @property {boolean} canBlock
 */

/** Stars that fit into a row; more tries are a number. */
const ROW = 5;

/** @param {Pin} pin */
export function tries(pin) {
  if (pin.state === 'unset') return h('span', { class: 'quiet' }, t('unset'));
  const left = pin.tries ?? 0;
  const words =
    pin.limit === null ? t('triesOnly', { tries: left }) : t('triesLeft', { tries: left, limit: pin.limit });
  const all = pin.limit ?? left;
  const stars = all > ROW ? `★ ${left} / ${all}` : '★'.repeat(left) + '☆'.repeat(Math.max(all - left, 0));
  return h(
    'span',
    { class: 'tries', title: words },
    pin.state === 'blocked'
      ? h('span', { class: 'pill revoked' }, t('blocked'))
      : h('span', { class: 'stars', 'aria-hidden': 'true' }, stars),
    h('span', { class: 'unseen' }, ` ${words}`),
  );
}

/** @param {Pin} pin */
async function block(pin) {
  const label = say(pin.label);
  if (!(await confirm(t('blockTitle', { pin: label }), t('blockText'), t('block')))) return;
  await attempt(async () => {
    await post(`/api/cards/${part(store.chosen ?? '')}/pins/${part(pin.id)}/block`);
    await refresh();
  });
}

/** @param {string} key @param {string} label @param {string} described @param {() => void} onclick */
const button = (key, label, described, onclick) =>
  h('button', { key, type: 'button', class: 'small', 'aria-label': described, onclick }, label);

/** @param {Pin} pin */
function row(pin) {
  const label = say(pin.label);
  const operation = pin.canReset ? counter.resetting(pin.id) : undefined;
  const open = () => operation && counter.openFor(operation, pin.id);
  return h(
    'tr',
    { key: pin.id, 'data-pin': pin.id },
    h('th', { scope: 'row' }, label),
    h('td', {}, tries(pin)),
    h(
      'td',
      { class: 'acts' },
      operation ? button('reset', t('resetPin'), t('resetNamed', { pin: label }), open) : null,
      pin.canBlock && pin.state === 'ok'
        ? button('block', t('block'), t('blockNamed', { pin: label }), () => void block(pin))
        : null,
    ),
  );
}

/** @param {Pin[]} pins */
export function view(pins) {
  if (pins.length === 0) return null;
  return h(
    'div',
    { key: 'pins' },
    h('h3', {}, t('pins')),
    h('table', { class: 'pins' }, h('tbody', {}, ...pins.map(row))),
  );
}
