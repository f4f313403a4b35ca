/** The tries that a PIN has left, as stars and for screen readers as words. */

import { h } from './dom.js';
import { t } from './text.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {{id: string, label: Text, tries: number | null, limit: number | null, state: 'ok' | 'blocked' | 'unset', canReset: boolean, canBlock: boolean}} Pin */

/** Stars that fit into a row; more tries are a number. */
const ROW = 5;

/** @param {Pin} pin */
export function tries(pin) {
  if (pin.state === 'unset') return h('span', { class: 'quiet' }, t('unset'));
  const left = pin.tries ?? 0;
  const words = pin.limit === null ? t('triesOnly', { tries: left }) : t('triesLeft', { tries: left, limit: pin.limit });
  const all = pin.limit ?? left;
  const stars = all > ROW ? `★ ${left} / ${all}` : '★'.repeat(left) + '☆'.repeat(Math.max(all - left, 0));
  return h(
    'span',
    { class: 'tries', title: words },
    pin.state === 'blocked' ? h('span', { class: 'pill revoked' }, t('blocked')) : h('span', { class: 'stars', 'aria-hidden': 'true' }, stars),
    h('span', { class: 'unseen' }, ` ${words}`),
  );
}
