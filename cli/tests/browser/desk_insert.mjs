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
  await reader(page, FIRST).getByRole('button', { name: 'Take out' }).click();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
  await reader(page, FIRST).getByRole('button', { name: /^Put in/ }).focus();
  await page.keyboard.press('Enter');
  await reader(page, FIRST).locator('.slot.full').waitFor();
  const held = () => page.evaluate(() => document.activeElement?.closest('.place')?.id);
  await rig.until(async () => (await held()) === 'readers', 'the focus stays near when the button that had it is gone');

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

  // A second card stays in sight while another one is chosen.
  await page.locator('#keep-beside').click();
  await choose(page, 'specimen:child');
  const beside = page.getByRole('article', { name: '見本　花子' });
  await beside.locator('img[src^="blob:"]').waitFor();
  await rig.axe(page, 'with a second card');
  await beside.getByRole('button', { name: 'Put away' }).click();
  await beside.waitFor({ state: 'detached' });

  // A fault in the words of the command line; a wrong one is refused.
  rig.expect(/status of 422/);
  await page.locator(`[id="arm-${SECOND}"]`).selectOption({ label: 'other: as for --fault …' });
  const fault = page.getByLabel('Fault, as for --fault');
  await fault.fill('nonsense');
  await fault.press('Enter');
  await page.getByText('That did not work').waitFor();
  await fault.fill('sw=6581,ins=20,nth=1');
  await fault.press('Enter');
  await reader(page, SECOND).getByText('armed', { exact: true }).waitFor();
  await reader(page, SECOND)
    .getByRole('button', { name: /^Remove: / })
    .click();
  await reader(page, SECOND).getByText('armed', { exact: true }).waitFor({ state: 'detached' });
});
