/** Pictures of cards. They need the token, so they are fetched and shown as blobs. */

import { getBlob, part } from './api.js';
import { h } from './dom.js';
import { langOf, t } from './text.js';

/** @typedef {import('./store.js').Card} Card */
/** @typedef {'front' | 'back'} Side */

/** Pictures that are kept, the ones used last. */
const KEPT = 40;

/** Addresses by card and side; an empty one has failed. @type {Map<string, Promise<string>>} */
const faces = new Map();

/** @param {string} key @param {Promise<string>} face */
async function drop(key, face) {
  faces.delete(key);
  const address = await face;
  if (address) URL.revokeObjectURL(address);
}

/** @param {string} id @param {Side} side */
function address(id, side) {
  const key = `${id}/${side}`;
  let face = faces.get(key);
  faces.delete(key);
  face ??= getBlob(`/api/cards/${part(id)}/${side}.png`).then(
    (blob) => URL.createObjectURL(blob),
    () => '',
  );
  faces.set(key, face);
  const [oldest] = faces;
  if (faces.size > KEPT && oldest) void drop(...oldest);
  return face;
}

/** Forgets the pictures of a card: what is printed on it has changed. @param {string} id */
export function forget(id) {
  for (const side of ['front', 'back']) {
    const face = faces.get(`${id}/${side}`);
    if (face) void drop(`${id}/${side}`, face);
  }
}

/** The picture of a card. @param {Card} card @param {Side} side @param {string} version changes when the print changes */
export function picture(card, side, version = '') {
  const label = t(side === 'front' ? 'frontOf' : 'backOf', { name: card.name });
  const image = h('img', { class: 'face', alt: label, lang: langOf(card.name), draggable: 'false' });
  const holder = h('div', { key: `${card.id}/${side}/${version}`, class: 'holder', 'data-once': true }, image);
  void address(card.id, side).then((found) => {
    if (found) image.setAttribute('src', found);
    else holder.replaceChildren(h('p', { class: 'empty' }, t('noPicture')));
  });
  return holder;
}
