// New people: invented by one click, and by a form whose checks stand at their fields. Text of others is shown as text.
import { assert, equal, run } from './lib.mjs';
import { choose, onShelf, open, putIn } from './desk.mjs';

await run(async (rig) => {
  // The browser reports a form with errors on its console.
  rig.expect(/status of 422/);
  const desk = await rig.desk();
  const page = await open(rig, desk);
  const before = await page.locator('#cards > li').count();
  await page.locator('#invent').click();
  await page.locator('#card .facts').waitFor();
  await page.getByText('A person was invented').waitFor();
  equal(await page.locator('#cards > li').count(), before + 1, 'cards on the shelf');

  await page.locator('#new-person').click();
  const form = page.locator('#person');
  const field = (/** @type {string} */ label) => form.getByLabel(label, { exact: false }).first();
  await field('Name').fill('架空　一郎');
  await field('Date of birth').fill('2026-13-40');
  await field('Address').fill('東京都千代田区見本町一丁目１番１号');
  await field('Code of the municipality').fill('99999');
  await form.getByLabel('Auth PIN').first().fill('12');
  await form.getByRole('button', { name: 'Issue the card' }).click();
  await form.locator('[aria-invalid=true]').first().waitFor();
  const wrongAt = await form
    .locator('[aria-invalid=true]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('name')));
  assert(wrongAt.includes('birth'), `the birth date is reported at its field, not at ${wrongAt}`);
  await rig.axe(page, 'person form with errors');

  await field('Date of birth').fill('1990-04-01');
  await form.getByRole('button', { name: 'Issue the card' }).click();
  await rig.until(async () => {
    const found = await form
      .locator('[aria-invalid=true]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('name')));
    return found.includes('municipality.code') && found.includes('pins.auth') && !found.includes('birth');
  }, 'the other fields are reported');
  equal(await field('Name').inputValue(), '架空　一郎', 'what was typed stays');
  await field('Code of the municipality').fill('13101');
  await form.getByLabel('Auth PIN').first().fill('4826');
  await form.getByRole('button', { name: 'Issue the card' }).click();
  await page.locator('#card').getByText('架空　一郎').first().waitFor();
  await putIn(page, '架空　一郎');

  await page.locator('#search').fill('架空　一郎');
  await rig.until(async () => (await page.locator('#cards > li').count()) === 1, 'the search');
  await page.locator('#search').fill('no such card <b>');
  await page.getByText('No card fits “no such card <b>”.').waitFor();
  await page.locator('#search').fill('');
  await onShelf(page, 'specimen:hanako').waitFor();

  // A name that is markup.
  const name = '<img src=x onerror="document.title=1">';
  await page.locator('#new-person').click();
  await page.getByRole('button', { name: 'As a person file' }).click();
  const toml = `name = '${name}'\nbirth = 1990-04-01\nsex = "female"\naddress = "東京都千代田区見本町一丁目１番１号"\n[municipality]\ncode = "13101"\n`;
  await page.locator('#person-toml').fill(toml);
  await form.getByRole('button', { name: 'Issue the card' }).click();
  await page.locator('#card .facts').getByText('onerror').first().waitFor();
  await onShelf(page, 'onerror').waitFor();
  equal(await page.locator('img[src="x"]').count(), 0, 'elements made of a name');
  assert((await page.title()).includes('SPECIMEN'), 'a name has run');

  await page.getByRole('button', { name: 'Discard this card' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await onShelf(page, 'onerror').waitFor();
  await page.getByRole('button', { name: 'Discard this card' }).click();
  await rig.axe(page, 'before a card is discarded');
  await page.getByRole('dialog').getByRole('button', { name: 'Discard this card' }).click();
  await onShelf(page, 'onerror').waitFor({ state: 'detached' });
  await choose(page, 'specimen:hanako');
  equal(await page.getByRole('button', { name: 'Discard this card' }).count(), 0, 'buttons to discard a specimen');
});
