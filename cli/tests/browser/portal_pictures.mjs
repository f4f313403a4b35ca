// The pictures of the portal in docs/: `make pictures` writes them into PICTURES. They are looked at, never compared by dots.
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';
import { portal } from './portal_lib.mjs';

await run(async (rig) => {
  const folder = process.env.PICTURES ?? '';
  assert(folder, 'PICTURES must name a folder');
  const { origin } = await portal(rig, async () => 'specimen:hanako', { VMYNA_REGISTER: 'none' });
  const page = await rig.page({ lang: 'en', width: 1000, height: 760 });
  const button = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true });
  await page.goto(`${origin}/en/`);
  await button('Log in with the card').click();
  await button('Agree and go on').click();
  await page.getByLabel('PIN to log in').fill('1234');
  await page.getByLabel('PIN for your data on the card').fill('1234');
  await button('Log in').click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();

  const files = ['portal-en-light.png', 'portal-ja-dark.png', 'portal-narrow.png'].map((file) => join(folder, file));
  await page.goto(`${origin}/en/codes`);
  await page.screenshot({ path: files[0] });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${origin}/ja/data`);
  await page.screenshot({ path: files[1] });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 375, height: 720 });
  const narrow = [];
  for (const path of ['', 'exchanges', 'notices', 'application']) {
    await page.goto(`${origin}/ja/${path}`);
    narrow.push(join(await rig.directory(), `${narrow.length}.png`));
    await page.screenshot({ path: narrow[narrow.length - 1] });
  }
  const joined = ['-bordercolor', 'gray', '-border', '4', '+append', files[2]];
  equal((await rig.output('convert', [...narrow, ...joined])).status, 0, 'convert');
  for (const file of files) {
    // A palette makes a third of the bytes, and nobody sees the difference.
    equal((await rig.output('convert', [file, '-strip', '+dither', '-colors', '255', `png8:${file}`])).status, 0, 'convert');
  }
});
