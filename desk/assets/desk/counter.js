/** The counter, the kiosk and the phone: a form for each operation, made from the server's description, and why the others can't be done. */

import { part, post, Refused } from './api.js';
import { byId, h } from './dom.js';
import * as files from './files.js';
import { focusFirstError, labelled, others, values } from './forms.js';
import { confirm, failure, message } from './notice.js';
import { changed, refresh, store } from './store.js';
import { say, t } from './text.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {'counter' | 'kiosk' | 'phone'} Place */
/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {Text} title
 * @property {import('./forms.js').Field[]} fields
 * @property {Text | null} refused why it can't be done now
 * @property {boolean} final whether it can't be undone
 */

/** Which form is open, and what is wrong with it. It starts anew with each card. */
const fresh = () => ({
  /** @type {string | null} */
  of: null,
  /** @type {string} the operation whose form is open, like `counter/renew` */
  open: '',
  /** @type {import('./api.js').FieldError[]} */
  errors: [],
  busy: false,
});

let at = fresh();

/** The counter's operation that gives a PIN its tries back, if it can be done now. @param {string} pin */
export function resetting(pin) {
  const operations = /** @type {Operation[]} */ (store.detail.counter ?? []).filter((one) => !one.refused);
  const offers = (/** @type {Operation} */ one) =>
    one.fields.some((field) => field.choices?.some((choice) => choice.id === pin));
  return operations.find((one) => one.id === 'reset-pin' && offers(one));
}

/** Opens the form of an operation of the counter, with this PIN chosen. @param {Operation} operation @param {string} pin */
export function openFor(operation, pin) {
  at.open = `counter/${operation.id}`;
  at.errors = [];
  byId('counter').setAttribute('open', '');
  changed();
  const form = byId(`operation-counter-${operation.id}`);
  const menu = [...form.querySelectorAll('select')].find((one) =>
    [...one.options].some((option) => option.value === pin),
  );
  if (menu) menu.value = pin;
  form.scrollIntoView({ block: 'nearest' });
  const first = form.querySelector('input, select');
  if (first instanceof HTMLElement) first.focus();
}

/** @param {Place} place @param {Operation} operation @param {SubmitEvent} event */
async function operate(place, operation, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  if (at.busy) return;
  const found = values(form);
  const title = say(operation.title);
  if (operation.final && !(await confirm(t('finalTitle', { operation: title }), t('finalText'), title))) return;
  at.busy = true;
  at.errors = [];
  changed();
  try {
    const { done } = await post(`/api/cards/${part(store.chosen ?? '')}/${place}/${part(operation.id)}`, found);
    at.open = '';
    files.reload();
    const what = (done ?? []).map(say).join(' ');
    // It may hold a code that is needed at the next step.
    message(t('done', { what: what || title }), false, true);
    await refresh();
  } catch (error) {
    if (error instanceof Refused && error.errors.length > 0) at.errors = error.errors;
    else failure(error);
  }
  at.busy = false;
  changed();
  if (at.errors.length > 0) focusFirstError(form);
}

/** @param {Place} place @param {Operation} operation */
function operationItem(place, operation) {
  const name = `${place}/${operation.id}`;
  const title = say(operation.title);
  if (operation.refused) {
    return h(
      'li',
      { key: name },
      h('span', {}, title),
      h('span', { class: 'quiet' }, t('notNow', { reason: say(operation.refused) })),
    );
  }
  const isOpen = at.open === name;
  const toggle = () => {
    at.open = isOpen ? '' : name;
    at.errors = [];
    changed();
  };
  const errors = isOpen ? at.errors : [];
  return h(
    'li',
    { key: name },
    h(
      'button',
      { key: 'open', type: 'button', class: 'operation', 'aria-expanded': String(isOpen), onclick: toggle },
      title,
    ),
    isOpen
      ? h(
          'form',
          {
            key: 'form',
            id: `operation-${place}-${operation.id}`,
            autocomplete: 'off',
            novalidate: true,
            'aria-label': title,
            onsubmit: (/** @type {SubmitEvent} */ event) => void operate(place, operation, event),
          },
          ...operation.fields.map((field) => labelled(`${place}-${operation.id}`, field, errors)),
          others(operation.fields, errors),
          h(
            'button',
            { key: 'do', type: 'submit', class: 'first', disabled: at.busy },
            t(at.busy ? 'working' : 'doIt'),
          ),
        )
      : null,
  );
}

/** @param {Place} place @param {Operation[]} operations */
export function view(place, operations) {
  if (at.of !== store.chosen) at = { ...fresh(), of: store.chosen };
  const list = operations.map((operation) => operationItem(place, operation));
  return h(
    'details',
    { key: place, id: place },
    h('summary', {}, t(place)),
    h(
      'div',
      { class: 'inner' },
      list.length > 0 ? h('ul', { class: 'plain operations' }, ...list) : h('p', { class: 'empty' }, t('counterNone')),
    ),
  );
}
