/** The readers: slots that cards are put into and pulled out of, faults that wait in them, and the box to type APDUs. */

import { part, post } from './api.js';
import * as box from './apdu_box.js';
import { byId, fill, h } from './dom.js';
import { picture } from './faces.js';
import { attempt, message } from './notice.js';
import { DRAGGED } from './shelf.js';
import { cardIn, changed, choose, chosenCard, store } from './store.js';
import { say, t } from './text.js';

/** @typedef {import('./store.js').Reader} Reader */

/** The choice in a reader's menu of faults that opens the box for one's own. */
const OWN = 'own';

/** Readers whose box for a fault of one's own is open. @type {Set<string>} */
const ownFaults = new Set();

/** @param {Reader} reader @param {string} action @param {unknown} body */
const act = (reader, action, body = {}) => attempt(() => post(`/api/readers/${part(reader.name)}/${action}`, body));

/** @param {Reader} reader @param {string} card */
export const insert = (reader, card) => act(reader, 'insert', { card });

/** Puts a card in for the one that is there. @param {Reader} reader @param {string} card */
async function exchange(reader, card) {
  if (reader.card !== null && !(await act(reader, 'remove'))) return;
  await insert(reader, card);
}

/** @param {Reader} reader @param {DragEvent} event */
function over(reader, event) {
  if (!reader.plugged || !event.dataTransfer?.types.includes(DRAGGED)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'move';
  /** @type {Element} */ (event.currentTarget).classList.add('over');
}

/** @param {Event} event */
function left(event) {
  /** @type {Element} */ (event.currentTarget).classList.remove('over');
}

/** @param {Reader} reader @param {DragEvent} event */
function dropped(reader, event) {
  left(event);
  const card = event.dataTransfer?.getData(DRAGGED);
  if (!card || !reader.plugged) return;
  event.preventDefault();
  if (card !== reader.card) void exchange(reader, card);
}

/** @param {Reader} reader */
function programs(reader) {
  if (!reader.plugged) return h('span', { class: 'pill withdrawn' }, t('unplugged'));
  const state = reader.card === null ? t('empty') : reader.powered ? t('powered') : t('idle');
  const count = reader.programs;
  const connected = count === 1 ? t('programsOne') : t('programs', { count });
  return h(
    'span',
    { class: 'pills' },
    h('span', { class: reader.powered ? 'pill good' : 'pill' }, state),
    count > 0 ? h('span', { class: 'pill good' }, connected) : null,
    reader.locked ? h('span', { class: 'pill held' }, t('locked')) : null,
  );
}

/** @param {Reader} reader */
function slot(reader) {
  const card = cardIn(reader);
  if (!reader.plugged) return h('div', { key: 'out', class: 'slot out' }, h('p', { class: 'empty' }, t('isUnplugged')));
  const drop = {
    ondragover: (/** @type {DragEvent} */ event) => over(reader, event),
    ondragleave: left,
    ondrop: (/** @type {DragEvent} */ event) => dropped(reader, event),
  };
  if (!card) {
    return h(
      'div',
      { key: 'empty', class: 'slot', ...drop },
      h('p', { class: 'empty' }, h('strong', {}, t('dropHere')), h('br'), t('orChoose')),
    );
  }
  const open = {
    type: 'button',
    class: 'bare',
    draggable: 'true',
    'aria-label': `${t(card.phone === null ? 'card' : 'phone')}: ${card.name}`,
    onclick: () => void attempt(() => choose(card.id)),
    ondragstart: (/** @type {DragEvent} */ event) => event.dataTransfer?.setData(DRAGGED, card.id),
  };
  return h('div', { key: 'card', class: 'slot full', ...drop }, h('button', open, picture(card, 'front')));
}

/** @param {Reader} reader */
function buttons(reader) {
  if (!reader.plugged) {
    return [h('button', { key: 'plug', type: 'button', onclick: () => void act(reader, 'plug') }, t('plug'))];
  }
  const chosen = chosenCard();
  const inside = cardIn(reader);
  const putIn = chosen ? t(chosen.phone === null ? 'putIn' : 'holdTo', { name: chosen.name }) : t('putInChosen');
  const put = {
    key: 'put',
    type: 'button',
    class: 'first',
    disabled: !chosen || chosen.reader === reader.name,
    title: chosen ? chosen.name : t('chooseFirst'),
    'aria-label': putIn,
    onclick: () => chosen && void insert(reader, chosen.id),
  };
  return [
    reader.card === null
      ? h('button', put, h('span', { class: 'cut' }, putIn))
      : h(
          'button',
          { key: 'take', type: 'button', class: 'first', onclick: () => void act(reader, 'remove') },
          t(inside && inside.phone !== null ? 'takeAway' : 'takeOut'),
        ),
    h('button', { key: 'unplug', type: 'button', onclick: () => void act(reader, 'unplug') }, t('unplug')),
  ];
}

/** @param {Reader} reader @param {string} id */
const faultAction = (reader, id) => act(reader, `faults/${part(id)}/disarm`);

/** @param {Reader} reader */
function armed(reader) {
  if (reader.faults.length === 0) return null;
  const items = reader.faults.map((fault) => {
    const text = say(fault.text);
    const remove = {
      type: 'button',
      class: 'small',
      'aria-label': `${t('disarm')}: ${text}`,
      onclick: () => void faultAction(reader, fault.id),
    };
    const state = h('span', { class: fault.fired ? 'pill' : 'pill held' }, fault.fired ? t('fired') : t('armed'));
    return h('li', { key: fault.id }, h('span', {}, `⚡ ${text}`), state, h('button', remove, t('disarm')));
  });
  return h('ul', { key: 'faults', class: 'faults', 'aria-label': t('faults') }, ...items);
}

/** @param {Reader} reader @param {Event} event */
function faultChosen(reader, event) {
  const menu = /** @type {HTMLSelectElement} */ (event.target);
  const preset = menu.value;
  menu.value = '';
  if (preset === OWN) {
    ownFaults.add(reader.name);
    changed();
    document.getElementById(`fault-${reader.name}`)?.focus();
  } else if (preset) void act(reader, 'faults', { preset });
}

/** @param {Reader} reader @param {SubmitEvent} event */
async function ownFault(reader, event) {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (document.getElementById(`fault-${reader.name}`));
  if (await act(reader, 'faults', { fault: input.value.trim() })) {
    ownFaults.delete(reader.name);
    changed();
  }
}

/** The form for a fault of one's own. @param {Reader} reader */
function ownForm(reader) {
  const close = () => {
    ownFaults.delete(reader.name);
    changed();
  };
  return h(
    'form',
    { key: 'own', class: 'line', onsubmit: (/** @type {SubmitEvent} */ event) => void ownFault(reader, event) },
    h('input', {
      id: `fault-${reader.name}`,
      class: 'hex',
      'aria-label': t('faultText'),
      placeholder: 'sw=6581,ins=20,nth=2',
      autocomplete: 'off',
    }),
    h('button', { type: 'submit' }, t('arm')),
    h('button', { type: 'button', onclick: close }, t('cancel')),
  );
}

/** The faults that one click arms. @param {Reader} reader */
function menu(reader) {
  const options = (store.state?.presets ?? []).map((preset) => h('option', { value: preset.id }, say(preset.text)));
  const chosen = (/** @type {Event} */ event) => faultChosen(reader, event);
  return h(
    'select',
    { key: 'arm', id: `arm-${reader.name}`, 'aria-label': `${t('armFault')} ${reader.name}`, onchange: chosen },
    h('option', { value: '' }, t('armFault')),
    ...options,
    h('option', { value: OWN }, t('ownFault')),
  );
}

/** @param {Reader} reader @param {number} at */
function article(reader, at) {
  return h(
    'article',
    { key: reader.name, class: 'reader', 'aria-labelledby': `reader-${at}` },
    h('div', { class: 'head' }, h('h3', { id: `reader-${at}` }, reader.name), programs(reader)),
    slot(reader),
    h(
      'div',
      { key: 'buttons', class: 'buttons' },
      ...buttons(reader),
      ownFaults.has(reader.name) ? null : menu(reader),
    ),
    ownFaults.has(reader.name) ? ownForm(reader) : null,
    armed(reader),
  );
}

async function copy() {
  try {
    await navigator.clipboard.writeText(store.state?.command ?? '');
    message(t('copied'));
  } catch {
    message(t('notCopied'), true);
  }
}

/** @param {Event} event a card is dropped beside the readers */
function permit(event) {
  event.preventDefault();
}

/** Takes a card out that is dropped on the shelf. @param {DragEvent} event */
export function droppedOnShelf(event) {
  const card = event.dataTransfer?.getData(DRAGGED);
  const reader = store.state?.readers.find((one) => one.card !== null && one.card === card);
  if (!reader) return;
  permit(event);
  void act(reader, 'remove');
}

export function render() {
  const { state } = store;
  if (!state) return;
  const readers = state.readers.map(article);
  fill(byId('readers'), [
    h(
      'div',
      { key: 'head', class: 'head' },
      h('h2', { id: 'readers-title' }, t('readers')),
      h(
        'div',
        { class: 'socket' },
        h('span', { class: 'quiet' }, t('forPrograms')),
        h('code', { id: 'command', tabindex: '0', title: state.command }, state.command),
        h('button', { type: 'button', class: 'small', onclick: copy }, t('copy')),
      ),
    ),
    h(
      'div',
      { key: 'all', class: 'scroll', tabindex: '0', role: 'group', 'aria-label': t('readers') },
      readers.length > 0
        ? h('div', { key: 'slots', class: 'slots' }, ...readers)
        : h('p', { key: 'none', class: 'empty' }, t('noReaders')),
      box.form(),
    ),
  ]);
}
