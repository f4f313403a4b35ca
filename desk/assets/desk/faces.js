/** Pictures of cards. They need the token, so they are fetched and shown as blobs. A phone is a drawing of its kind. */

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

/** How often the print of a card has changed, by its id. @type {Map<string, number>} */
const prints = new Map();

/** Forgets the pictures of a card: what is printed on it has changed. @param {string} id */
export function forget(id) {
  prints.set(id, (prints.get(id) ?? 0) + 1);
  for (const side of ['front', 'back']) {
    const face = faces.get(`${id}/${side}`);
    if (face) void drop(`${id}/${side}`, face);
  }
}

/** The picture of a card, or of a phone. @param {Card} card @param {Side} side */
export function picture(card, side) {
  if (card.phone !== null) {
    const alt = t('pictureOfPhone', { name: card.name, kind: card.phone });
    const drawing = h('img', { class: 'face', src: '/phone.svg', alt, lang: langOf(card.name), draggable: 'false' });
    return h('div', { key: `${card.id}/phone`, class: 'holder' }, drawing);
  }
  const label = t(side === 'front' ? 'frontOf' : 'backOf', { name: card.name });
  const image = h('img', { class: 'face', alt: label, lang: langOf(card.name), draggable: 'false' });
  const holder = h(
    'div',
    { key: `${card.id}/${side}/${prints.get(card.id) ?? 0}`, class: 'holder', 'data-once': true },
    image,
  );
  void address(card.id, side).then((found) => {
    if (found) image.setAttribute('src', found);
    else holder.replaceChildren(h('p', { class: 'empty' }, t('noPicture')));
  });
  return holder;
}
