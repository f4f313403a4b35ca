/** The page's notices beside its places: short messages, questions before what can't be undone, and failures. */

import { Gone, Refused } from './api.js';
import { byId, fill, h } from './dom.js';
import { say, t } from './text.js';

/** How long a message stays: milliseconds. One of a failure stays until it is dismissed. */
const SHOWN = 6000;

let timer = 0;

function clear() {
  clearTimeout(timer);
  fill(byId('messages'), []);
}

/** @param {string} text @param {boolean} failure @param {boolean} stays until it is dismissed, as what may have to be copied
 */
export function message(text, failure = false, stays = failure) {
  clear();
  const button = h('button', { type: 'button', onclick: clear }, t('dismiss'));
  byId('messages').append(h('p', { class: failure ? 'message failure' : 'message' }, h('span', {}, text), button));
  if (!stays) timer = window.setTimeout(clear, SHOWN);
}

/** Reports why an action failed. @param {unknown} error */
export function failure(error) {
  if (error instanceof Refused) {
    const texts = error.errors.map((one) => say(one.text));
    message(`${t('failed')}: ${texts.length > 0 ? texts.join(' ') : say(error.text)}`, true);
  } else if (error instanceof Gone) message(`${t('failed')}: ${t('gone')}`, true);
  else throw error;
}

/** Does an action; a failure is shown. @param {() => Promise<unknown>} action */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    failure(error);
    return false;
  }
}

/** Asks before something that can't be undone. @param {string} title @param {string} text @param {string} action
 * @returns {Promise<boolean>} */
export function confirm(title, text, action) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
  const answer = (/** @type {boolean} */ yes) => () => dialog.close(yes ? 'yes' : '');
  dialog.replaceChildren(
    h('h2', { id: 'dialog-title' }, title),
    h('p', {}, text),
    h(
      'p',
      { class: 'buttons' },
      h('button', { type: 'button', autofocus: true, onclick: answer(false) }, t('cancel')),
      h('button', { type: 'button', class: 'danger', onclick: answer(true) }, action),
    ),
  );
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
