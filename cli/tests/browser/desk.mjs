// What the scripts of the desk's page share.

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./lib.mjs').Rig} Rig */

export const FIRST = 'vmyna 00 00';
export const SECOND = 'vmyna 01 00';

/** Opens the printed link and waits until the page has all that the desk knows.
 * @param {Rig} rig @param {{link: string}} desk @param {Parameters<Rig['page']>[0]} options */
export async function open(rig, desk, options = {}) {
  const page = await rig.page({ lang: 'en', ...options });
  await page.goto(desk.link);
  await ready(page);
  return page;
}

/** @param {Page} page */
export async function ready(page) {
  await page.locator('body[data-connection=open]').waitFor();
}

/** A card on the shelf by a part of its source or name. @param {Page} page @param {string} words */
export const onShelf = (page, words) => page.locator('#cards > li').filter({ hasText: words }).first();

/** Shows a card. @param {Page} page @param {string} words */
export async function choose(page, words) {
  await onShelf(page, words).click();
  await page.locator('#card .facts').waitFor();
}

/** A reader by its name. @param {Page} page @param {string} name */
export const reader = (page, name) =>
  page.locator('article.reader').filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Puts a card into a reader by clicks, and waits for its face. @param {Page} page @param {string} words @param {string} name */
export async function putIn(page, words, name = FIRST) {
  await choose(page, words);
  await reader(page, name)
    .getByRole('button', { name: /^Put in|を入れる$/ })
    .click();
  await reader(page, name).locator('.slot.full img[src^="blob:"]').waitFor();
}

/** The lines of the trace, as they are on the page. @param {Page} page @returns {Promise<string[]>} */
export const lines = (page) => page.locator('#trace-lines > li').allInnerTexts();

/** Lines with these words. @param {Page} page @param {string | RegExp} words */
export const line = (page, words) => page.locator('#trace-lines > li').filter({ hasText: words });

/** The tries that a PIN shows. @param {Page} page @param {string} pin */
export async function stars(page, pin) {
  const shown = await page.locator(`tr[data-pin="${pin}"]`).innerText();
  return (shown.match(/★/g) ?? []).length;
}

/** The environment of programs that shall see the readers, as the page states it. @param {Page} page */
export async function environment(page) {
  const command = await page.locator('#command').innerText();
  const [, name, value] = command.match(/^export (\w+)=(.+)$/) ?? [];
  if (!name || !value) throw new Error(`the page shows ${command}`);
  return { [name]: value.replace(/^'(.*)'$/, '$1') };
}

/** Sends an APDU by the page's box; gives the answer. @param {Page} page @param {string} apdu */
export async function send(page, apdu) {
  await page.locator('#apdu').fill(apdu);
  await page.locator('#apdu').press('Enter');
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.getElementById('apdu')).value === '');
  return page.locator('#apdu-answer code').innerText();
}
