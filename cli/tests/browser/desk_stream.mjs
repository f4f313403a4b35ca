// What comes while the page is hidden or cut off is on it afterwards, nothing twice; and a collection is searched and paged.
import { equal, run } from './lib.mjs';
import { FIRST, choose, environment, onShelf, open, putIn, reader } from './desk.mjs';

await run(async (rig) => {
  const town = `${await rig.directory()}/town.vmyna`;
  const people = ['--people', '120', '--seed', '1', '--key-pool', '1'];
  const issued = await rig.vmyna(['issue', ...people, '-o', town]);
  equal(await issued.ended, 0, `vmyna issue\n${issued.log}`);
  const desk = await rig.desk([town, 'specimen:hanako']);
  const page = await rig.page({ lang: 'en' });
  await page.clock.install();
  await open(rig, desk);

  await page.getByText('50 of 121 cards').waitFor();
  await page.getByRole('button', { name: 'Show 50 more' }).click();
  await page.getByText('100 of 121 cards').waitFor();
  await page.getByRole('button', { name: 'Show 21 more' }).click();
  await page.getByText('121 of 121 cards').waitFor();
  equal(await page.locator('#cards > li').count(), 121, 'cards of the shelf');
  await page.locator('#search').fill('hanako');
  await page.clock.runFor(1000);
  await page.getByText('1 of 1 cards').waitFor();
  await putIn(page, 'specimen:hanako');
  await page.locator('#search').fill('');
  await page.clock.runFor(1000);
  await page.getByText('50 of 121 cards').waitFor();
  const last = page.locator('#cards > li').nth(49);
  const name = await last.locator('.name').innerText();
  await choose(page, name);
  await reader(page, FIRST).locator('.slot.full').waitFor();

  const env = await environment(page);
  const send = async (/** @type {number} */ count) => {
    const apdus = Array.from({ length: count }, () => ['-s', '00A4040C0AD392F000260100000001']).flat();
    equal((await rig.output('opensc-tool', apdus, { env })).status, 0, 'opensc-tool');
  };
  /** The numbers of all lines, which must follow each other. */
  const numbers = async () => {
    const all = await page
      .locator('#trace-lines > li')
      .evaluateAll((lines) => lines.map((line) => Number(line.getAttribute('data-seq'))));
    all.forEach((number, at) => equal(number, all[0] + at, 'numbers of the lines'));
    return all.length;
  };
  const selects = () => page.locator('#trace-lines > li').filter({ hasText: '00A4040C0AD392F000260100000001' }).count();
  const state = (/** @type {string} */ wanted) => page.locator(`body[data-connection=${wanted}]`).waitFor();

  await send(5);
  await rig.until(async () => (await selects()) === 5, 'what comes while the page is open');

  const look = (/** @type {string} */ visibility) =>
    page.evaluate((now) => {
      Object.defineProperty(document, 'visibilityState', { value: now, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, visibility);
  await look('hidden');
  await page.clock.runFor(30_000);
  await send(1);
  await rig.until(async () => (await selects()) === 6, 'what comes while the page is hidden for a moment');
  await page.clock.runFor(31_000);
  await state('paused');
  await send(7);
  await look('visible');
  await state('open');
  await rig.until(async () => (await selects()) === 13, 'what came while the page was hidden');
  await numbers();

  // Without a network the stream breaks; the page asks again by itself.
  rig.expect(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK|ERR_FAILED|ERR_ABORTED/);
  await rig.context?.setOffline(true);
  await page.locator('#invent').click();
  await page.getByText('That did not work').waitFor();
  await send(9);
  await rig.until(
    async () => (await page.locator('body').getAttribute('data-connection')) !== 'open',
    'the page notices',
  );
  equal(await selects(), 13, 'what the page has without a network');
  await rig.context?.setOffline(false);
  await page.clock.runFor(20_000);
  await state('open');
  await rig.until(async () => (await selects()) === 22, 'what came without a network');
  await numbers();
  await onShelf(page, name).waitFor();
});
