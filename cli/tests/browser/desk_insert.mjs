// Cards come into readers by click, by drag and by keyboard, and out again; the link's token leaves the address bar.
import { assert, equal, run } from './lib.mjs';
import { FIRST, SECOND, choose, line, onShelf, open, putIn, reader, ready } from './desk.mjs';

await run(async (rig) => {
  const desk = await rig.desk();
  const page = await open(rig, desk);
  equal(page.url(), `${desk.origin}/`, 'the address bar after the start');
  assert(!(await page.content()).includes(desk.token), 'the token is nowhere on the page');
  equal(await page.evaluate(() => document.cookie), '', 'cookies');

  await putIn(page, 'specimen:hanako');
  await line(page, /inserted|put in/i)
    .first()
    .waitFor();
  await reader(page, FIRST).getByRole('button', { name: 'Take out' }).click();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();

  await onShelf(page, 'specimen:child').dragTo(reader(page, SECOND).locator('.slot'));
  await reader(page, SECOND).locator('.slot.full img[src^="blob:"]').waitFor();
  await onShelf(page, 'specimen:child').getByText(SECOND).waitFor();
  await reader(page, SECOND).locator('.slot button').dragTo(page.locator('#shelf-list'));
  await reader(page, SECOND).getByText('empty', { exact: true }).waitFor();

  // The keyboard alone: the list, its arrows, the buttons of the card.
  await onShelf(page, 'specimen:hanako').focus();
  await page.keyboard.press('ArrowDown');
  const chosen = await page.locator('#cards > li[aria-selected=true] .source').innerText();
  assert(chosen !== 'specimen:hanako', 'an arrow key chooses the next card');
  await page.locator('#card .facts').waitFor();
  await page.getByRole('button', { name: `→ ${FIRST}` }).focus();
  await page.keyboard.press('Enter');
  await reader(page, FIRST).locator('.slot.full').waitFor();

  await page.reload();
  await ready(page);
  await reader(page, FIRST).locator('.slot.full img[src^="blob:"]').waitFor();

  await reader(page, FIRST).getByRole('button', { name: 'Unplug' }).click();
  await reader(page, FIRST).getByText('Programs do not see this reader.').waitFor();
  await reader(page, FIRST).getByRole('button', { name: 'Plug in' }).click();
  await reader(page, FIRST).getByRole('button', { name: 'Unplug' }).waitFor();

  await choose(page, 'specimen:hanako');
  const number = page.locator('#my-number');
  equal(await number.innerText(), 'hidden', 'the My Number before it is asked for');
  await page.getByRole('button', { name: 'Show: My Number' }).click();
  assert(/^[\d ]{12,14}$/.test(await number.innerText()), 'the My Number when it is asked for');
  await page.locator('#turn').click();
  await page.locator('#card img[alt^="Back"][src^="blob:"]').waitFor();
});
