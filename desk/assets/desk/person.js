/**
 * A new person: a form for what most cards need, and the whole person file as text.
 *
 * The form writes a person file, so that the server has one parser with one set of checks for both.
 */

import { post, Refused } from './api.js';
import { byId, h } from './dom.js';
import { focusFirstError, labelled, others, values } from './forms.js';
import { failure, message } from './notice.js';
import { changed, choose, store } from './store.js';
import { t } from './text.js';
import { WORDS } from './words.js';

/** @typedef {import('./forms.js').Field} Field */

/** @param {string} id @param {keyof typeof WORDS} label @param {keyof typeof WORDS | null} hint @param {Partial<Field>} more
 * @returns {Field} */
const field = (id, label, hint = null, more = {}) => ({
  id,
  label: WORDS[label],
  hint: hint ? WORDS[hint] : undefined,
  type: 'text',
  ...more,
});

/** Fields by the keys of the person file; those of a table stand behind all others, side by side. @type {Field[]} */
const FIELDS = [
  field('name', 'name', 'nameHint', { required: true }),
  field('kana', 'kana'),
  field('birth', 'birth', 'birthHint', { required: true }),
  field('sex', 'sex', null, {
    type: 'choice',
    required: true,
    choices: /** @type {const} */ (['female', 'male', 'other', 'unknown']).map((id) => ({ id, text: WORDS[id] })),
  }),
  field('address', 'address', 'addressHint', { required: true }),
  field('my-number', 'myNumber', 'myNumberHint'),
  field('municipality.code', 'municipality', 'municipalityHint', { required: true, type: 'municipality' }),
  field('pins.sign', 'pinSign', 'pinSignHint', { type: 'pin' }),
  field('pins.auth', 'pinAuth', 'pinHint', { type: 'pin' }),
  field('pins.input-assist', 'pinInputAssist', 'pinHint', { type: 'pin' }),
  field('pins.residence', 'pinResidence', 'pinHint', { type: 'pin' }),
];

/** A person file to begin with. */
const EXAMPLE = `# 架空の人物 (a fictional person)
name = "架空　人物"
birth = 1990-04-01
sex = "female"
address = "東京都千代田区見本町一丁目１番１号"

[municipality]
code = "13101"
`;

/** @type {import('./api.js').FieldError[]} */
let errors = [];
let asFile = false;
let busy = false;

/** A TOML string. Unlike JSON, TOML also escapes DEL. @param {string} text */
const quoted = (text) => JSON.stringify(text).replaceAll('\u007f', '\\u007F');

/** A known day stands without quotes, one that is partly unknown within them. @param {string} id @param {string} value */
const written = (id, value) =>
  id === 'birth' && /^\d{4}-\d\d-\d\d$/.test(value) && !value.includes('-00') ? value : quoted(value);

/** A person file with these values, and the field of each of its lines. @param {Record<string, string>} found */
export function personFile(found) {
  /** @type {string[]} */
  const lines = [];
  /** @type {Record<number, string>} */
  const fieldOf = {};
  let table = '';
  for (const { id } of FIELDS) {
    const value = found[id];
    if (!value) continue;
    const dot = id.indexOf('.');
    if (dot > 0 && id.slice(0, dot) !== table) {
      table = id.slice(0, dot);
      lines.push(`[${table}]`);
    }
    lines.push(`${id.slice(dot + 1)} = ${written(id, value)}`);
    fieldOf[lines.length] = id;
  }
  return { toml: `${lines.join('\n')}\n`, fieldOf };
}

const form = () => /** @type {HTMLFormElement} */ (byId('person'));

/** An error of TOML itself has a line and no field. @param {import('./api.js').FieldError} error @param {Record<number, string>} fieldOf */
function placed(error, fieldOf) {
  const field = fieldOf[error.line ?? 0];
  return error.field || !field ? error : { ...error, field };
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (busy) return;
  const found = values(form());
  const { toml, fieldOf } = asFile ? { toml: found.toml, fieldOf: {} } : personFile(found);
  busy = true;
  errors = [];
  changed();
  try {
    const { id } = await post('/api/cards/person', { toml });
    busy = false;
    await choose(id);
    message(t('issued', { name: store.cards[id]?.name ?? '' }));
  } catch (error) {
    busy = false;
    if (error instanceof Refused && error.errors.length > 0) errors = error.errors.map((one) => placed(one, fieldOf));
    else failure(error);
    changed();
    if (errors.length > 0) focusFirstError(form());
  }
}

function leave() {
  errors = [];
  store.view = 'card';
  changed();
  byId('new-person').focus();
}

function change() {
  asFile = !asFile;
  errors = [];
  changed();
  byId(asFile ? 'person-toml' : 'person-name').focus();
}

/** @returns {HTMLElement[]} */
function fields() {
  if (!asFile) return FIELDS.map((one) => labelled('person', one, errors));
  const wrong = errors.length > 0;
  const area = {
    id: 'person-toml',
    name: 'toml',
    class: 'hex',
    rows: 16,
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-invalid': wrong ? 'true' : null,
    'aria-describedby': wrong ? 'person-errors' : null,
  };
  return [
    h(
      'div',
      { key: 'toml', class: 'field' },
      h('label', { for: 'person-toml' }, t('personFile')),
      h('textarea', { ...area, 'data-once': true }, EXAMPLE),
    ),
  ];
}

/** The place of the card while a new person is written. */
export function view() {
  const shown = asFile ? [] : FIELDS;
  const count =
    errors.length > 0
      ? h('p', { key: 'count', class: 'error', role: 'alert' }, t('checkFields', { count: errors.length }))
      : null;
  return [
    h('p', { key: 'person-text', class: 'quiet' }, t('personText')),
    h(
      'form',
      {
        key: asFile ? 'person-file' : 'person-form',
        id: 'person',
        autocomplete: 'off',
        novalidate: true,
        onsubmit: (/** @type {SubmitEvent} */ event) => void submit(event),
      },
      ...fields(),
      h('div', { key: 'errors', id: 'person-errors' }, ...[count, others(shown, errors)].filter((one) => one !== null)),
      h(
        'div',
        { key: 'buttons', class: 'buttons' },
        h('button', { type: 'submit', class: 'first', disabled: busy }, t(busy ? 'working' : 'issue')),
        h('button', { type: 'button', onclick: change }, t(asFile ? 'asForm' : 'asFile')),
        h('button', { type: 'button', onclick: leave }, t('cancel')),
      ),
    ),
  ];
}
