// The pictures of the desk in docs/: `make pictures` writes them into PICTURES. They are looked at, never compared by dots.
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';
import { FIRST, environment, line, open, putIn, reader, SECOND, send } from './desk.mjs';

const LANGUAGES = /** @type {const} */ (['en', 'ja']);
const PLACES = ['shelf', 'readers', 'card', 'trace'];

await run(async (rig) => {
  const folder = process.env.PICTURES ?? '';
  assert(folder, 'PICTURES must name a folder');
  const desk = await rig.desk();
  const page = await open(rig, desk, { width: 1440, height: 900 });
  await putIn(page, 'specimen:child', SECOND);
  await putIn(page, 'specimen:hanako', FIRST);
  const env = await environment(page);
  const pkcs11 = (/** @type {string[]} */ ...args) =>
    rig.output('pkcs11-tool', ['--module', process.env.OPENSC_MODULE ?? '', '--slot-index', '0', ...args], { env });
  await pkcs11('--login', '--pin', '9999', '--list-objects');
  equal((await pkcs11('--login', '--pin', '1234', '--list-objects')).status, 0, 'pkcs11-tool');
  await send(page, '00A4020C020001');
  await send(page, '00B0000000');
  await line(page, '6982').first().waitFor();
  await pkcs11('--login', '--pin', '9999', '--list-objects');
  await line(page, '63C2').nth(1).waitFor();
  await page.locator(`[id="arm-${FIRST}"]`).selectOption({ index: 1 });
  await reader(page, FIRST).locator('.faults').waitFor();

  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  for (const lang of LANGUAGES) {
    if ((await page.locator('html').getAttribute('lang')) !== lang) await page.locator('#language').click();
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `desk-${lang}-${colorScheme}.png`) });
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 375, height: 720 });
    const narrow = [];
    for (const place of PLACES) {
      await page.locator(`#tabs button[aria-controls=${place}]`).click();
      narrow.push(join(await rig.directory(), `${place}.png`));
      await page.screenshot({ path: narrow[narrow.length - 1] });
    }
    const joined = ['-bordercolor', 'gray', '-border', '4', '+append', join(folder, `desk-${lang}-narrow.png`)];
    equal((await rig.output('convert', [...narrow, ...joined])).status, 0, 'convert');
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  for (const lang of LANGUAGES) {
    for (const kind of ['light', 'dark', 'narrow']) {
      const file = join(folder, `desk-${lang}-${kind}.png`);
      // A palette makes a third of the bytes, and nobody sees the difference.
      equal(
        (await rig.output('convert', [file, '-strip', '+dither', '-colors', '255', `png8:${file}`])).status,
        0,
        'convert',
      );
    }
  }
});
