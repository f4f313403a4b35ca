/** Forms made from descriptions: one label, one field, and what is wrong with it beside it. */

import { h } from './dom.js';
import { changed } from './store.js';
import { say, t } from './text.js';

/** @typedef {import('./text.js').Text} Text */
/** @typedef {import('./api.js').FieldError} FieldError */
/**
 * @typedef {object} Field
 * @property {string} id
 * @property {Text} label
 * @property {string} type text, pin, choice or municipality
 * @property {Text} [hint]
 * @property {boolean} [required]
 * @property {string} [initial]
 * @property {{id: string, text?: Text, label?: Text}[]} [choices]
 */

/** Kinds of fields that the browser must neither suggest nor keep. */
const SECRET = 'pin';

/** Fields with a PIN that is shown, by their ids. @type {Set<string>} */
const shown = new Set();

/** @param {string} id */
function toggle(id) {
  if (!shown.delete(id)) shown.add(id);
  changed();
}

/** @param {Field} field @param {string} id @param {import('./dom.js').Properties} common */
function control(field, id, common) {
  if (field.type === 'choice') {
    const options = (field.choices ?? []).map((choice) => {
      const chosen = field.initial === choice.id;
      return h('option', { value: choice.id, selected: chosen }, say(choice.text ?? choice.label) || choice.id);
    });
    return h('select', { ...common, id, name: field.id }, ...options);
  }
  const secret = field.type === SECRET;
  const input = h('input', {
    ...common,
    id,
    name: field.id,
    type: secret && !shown.has(id) ? 'password' : 'text',
    value: field.initial,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    inputmode: field.type === 'municipality' ? 'numeric' : null,
    class: secret || field.type === 'municipality' ? 'hex' : null,
  });
  if (!secret) return input;
  const show = {
    type: 'button',
    class: 'small',
    'aria-pressed': String(shown.has(id)),
    'aria-label': `${t('showPin')}: ${say(field.label)}`,
    onclick: () => toggle(id),
  };
  return h('span', { class: 'line' }, input, h('button', show, t('showPin')));
}

/** @param {string} form @param {Field} field @param {FieldError[]} errors */
export function labelled(form, field, errors) {
  const id = `${form}-${field.id}`.replace(/[^\w-]/g, '-');
  const wrong = errors.filter((error) => error.field === field.id);
  const described = [field.hint ? `${id}-hint` : '', wrong.length > 0 ? `${id}-error` : ''].filter(Boolean).join(' ');
  const common = {
    'aria-describedby': described || null,
    'aria-invalid': wrong.length > 0 ? 'true' : null,
    'aria-required': field.required ? 'true' : null,
  };
  const mark = field.required ? h('span', { class: 'quiet' }, ` ${t('required')}`) : null;
  return h(
    'div',
    { key: field.id, class: 'field' },
    h('label', { for: id }, say(field.label), mark),
    control(field, id, common),
    wrong.length > 0
      ? h('p', { key: 'error', id: `${id}-error`, class: 'error' }, wrong.map((error) => say(error.text)).join(' '))
      : null,
    field.hint ? h('p', { key: 'hint', id: `${id}-hint`, class: 'quiet' }, say(field.hint)) : null,
  );
}

/** Errors of no field that the form has. @param {Field[]} fields @param {FieldError[]} errors */
export function others(fields, errors) {
  const rest = errors.filter((error) => !fields.some((field) => field.id === error.field));
  if (rest.length === 0) return null;
  const text = (/** @type {FieldError} */ error) => {
    const named = error.field ? `${error.field}: ${say(error.text)}` : say(error.text);
    return error.line ? t('line', { line: error.line, text: named }) : named;
  };
  return h('ul', { key: 'others', class: 'error' }, ...rest.map((error) => h('li', {}, text(error))));
}

/** What a form holds, by the names of its fields. @param {HTMLFormElement} form @returns {Record<string, string>} */
export function values(form) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') found[name] = value.trim();
  return found;
}

/** Puts the focus on the first field that something is wrong with. @param {HTMLElement} form */
export function focusFirstError(form) {
  const field = form.querySelector('[aria-invalid=true]');
  if (field instanceof HTMLElement) field.focus();
}
