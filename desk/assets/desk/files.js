/** The files of the card with their access in words. They are many, so they are asked for when one looks. */

import { get, part } from './api.js';
import { byId, h } from './dom.js';
import { attempt } from './notice.js';
import { changed, store } from './store.js';
import { say, t } from './text.js';

/** @type {{of: string | null, files: any[] | null}} the files of one card, as far as they were asked for */
let found = { of: null, files: null };

/** Asks again, because the files may have changed. */
export function reload() {
  found = { of: null, files: null };
  if (byId('files').hasAttribute('open')) void load();
}

async function load() {
  const { chosen } = store;
  if (chosen === null) return;
  await attempt(async () => {
    const { files } = await get(`/api/cards/${part(chosen)}/files`);
    if (chosen === store.chosen) found = { of: chosen, files };
  });
  changed();
}

/** @param {any} file */
function fileItem(file) {
  return h(
    'li',
    { class: 'file' },
    h('strong', {}, say(file.name)),
    ' ',
    h('code', {}, file.id),
    h('span', { class: 'quiet' }, file.access.map(say).join(' · ')),
    file.content ? h('span', { class: 'content' }, say(file.content)) : null,
  );
}

/** The list, which is asked for when it is opened. */
export function view() {
  const all = found.of === store.chosen ? found.files : null;
  /** @type {Map<string, any[]>} */
  const applications = new Map();
  for (const file of all ?? []) applications.set(file.aid, [...(applications.get(file.aid) ?? []), file]);
  const parts = [...applications].map(([aid, list]) =>
    h(
      'div',
      {},
      h('h4', {}, say(list[0].application), ' ', h('code', {}, aid)),
      h('ul', { class: 'plain' }, ...list.map(fileItem)),
    ),
  );
  const empty = all === null ? t('loading') : t('noFiles');
  return h(
    'details',
    {
      key: 'files',
      id: 'files',
      ontoggle: (/** @type {Event} */ event) => /** @type {HTMLDetailsElement} */ (event.target).open && void load(),
    },
    h('summary', {}, t('files')),
    h('div', { class: 'inner' }, ...(parts.length > 0 ? parts : [h('p', { class: 'empty' }, empty)])),
  );
}
