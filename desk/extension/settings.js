// The settings page: the origins on which the extension is active. There are none at first.

import { isLoopback, parseOrigin, permission } from './origins.js';
import { element, text } from './page.js';

/** Texts of refusals by their names. */
const REFUSALS = { form: 'refusedForm', government: 'refusedGovernment', many: 'refusedMany', denied: 'refusedDenied' };

/** @param {object} change */
async function send(change) {
  const { origins, refused, error } = await chrome.runtime.sendMessage(change);
  if (error) throw new Error(error);
  show(origins, refused);
}

/** @param {string[]} origins @param {keyof typeof REFUSALS} [refused] */
function show(origins, refused) {
  element('origins').replaceChildren(...origins.map(item));
  element('none').hidden = origins.length > 0;
  showRefusal(refused);
  document.body.dataset.origins = origins.join(' ');
}

/** @param {keyof typeof REFUSALS} [refused] */
function showRefusal(refused) {
  element('status').textContent = refused ? text(REFUSALS[refused]) : '';
  document.body.dataset.refused = refused ?? '';
}

/** @param {string} origin */
function item(origin) {
  const name = document.createElement('code');
  name.textContent = origin;
  const remove = document.createElement('button');
  remove.type = 'button';
  remove.textContent = text('settingsRemove');
  remove.setAttribute('aria-label', `${text('settingsRemove')}: ${origin}`);
  remove.addEventListener('click', () => send({ remove: origin }));
  const line = document.createElement('li');
  line.append(name, ' ', remove);
  return line;
}

element('add').addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault();
  const parsed = parseOrigin(element('origin').value);
  if ('refused' in parsed) return showRefusal(parsed.refused);
  // The browser asks the person, and does so only in answer to the click.
  const { origin } = parsed;
  const isAllowed = isLoopback(origin) || (await chrome.permissions.request({ origins: [permission(origin)] }));
  if (!isAllowed) return showRefusal('denied');
  await send({ add: origin });
  element('origin').value = '';
});

await send({});
