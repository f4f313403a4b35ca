// A PIN is blocked and reset at the counter; files and certificates are shown; the card is held to a phone.
import { assert, equal, run } from './lib.mjs';
import { FIRST, line, onShelf, open, putIn, reader, send, stars } from './desk.mjs';

await run(async (rig) => {
  // The browser reports a form with errors, and what can't be done now, on its console.
  rig.expect(/status of (409|422)/);
  const desk = await rig.desk();
  const page = await open(rig, desk);
  // Always the same adult: a child has no sign certificate.
  await page.route('**/api/cards/invent', (route) => route.continue({ postData: JSON.stringify({ seed: 3 }) }));
  await page.locator('#invent').click();
  await page.locator('#card .facts').waitFor();
  const name = await page.locator('#card .head .who').innerText();
  await putIn(page, name);

  equal(await stars(page, 'auth'), 3, 'stars at first');
  const auth = page.locator('tr[data-pin="auth"]');
  await auth.getByRole('button', { name: /^Block / }).click();
  await page.getByRole('dialog').getByText('Only the counter can give them back.').waitFor();
  await rig.axe(page, 'before a PIN is blocked');
  await page.keyboard.press('Escape');
  equal(await stars(page, 'auth'), 3, 'stars after Escape');
  await auth.getByRole('button', { name: /^Block / }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await auth.getByText('blocked').waitFor();
  equal(await send(page, '00A4040C0AD392F000260100000001'), '9000', 'SELECT');
  equal(await send(page, '002000980431323334'), '6984', 'a PIN that is blocked');
  await line(page, '6984').first().waitFor();

  await auth.getByRole('button', { name: /^Reset / }).click();
  const form = page.locator('form[id^="operation-counter-"]');
  await form.waitFor();
  await rig.axe(page, 'with a form of the counter');
  const pin = form.locator('input').last();
  await pin.fill('12');
  await form.getByRole('button', { name: 'Do it' }).click();
  await form.locator('[aria-invalid=true]').first().waitFor();
  equal(await pin.getAttribute('autocomplete'), 'off', 'autocomplete of a PIN');
  equal(await pin.getAttribute('type'), 'password', 'type of a PIN');
  await pin.fill('4826');
  await form.getByRole('button', { name: 'Do it' }).click();
  await rig.until(async () => (await stars(page, 'auth')) === 3, 'all stars back');
  // The counter had the card: it comes back without power, as from a real counter.
  await reader(page, FIRST).getByRole('button', { name: 'Take out' }).click();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
  await reader(page, FIRST)
    .getByRole('button', { name: /^Put in/ })
    .click();
  await reader(page, FIRST).locator('.slot.full').waitFor();
  equal(await send(page, '00A4040C0AD392F000260100000001'), '9000', 'SELECT');
  equal(await send(page, '002000980434383236'), '9000', 'the new PIN');

  await page.locator('#files > summary').click();
  await rig.until(async () => (await page.locator('#files .file').count()) > 5, 'the files');
  equal(await page.locator('.certificate').count(), 2, 'certificates');
  await page.locator('#kiosk > summary').click();
  await rig.axe(page, 'with files and kiosk open');

  // The kiosk: a one-time code, then the sign password by it and the auth PIN.
  const operation = (/** @type {string} */ place, /** @type {string} */ id) =>
    page.locator(`#operation-${place}-${id}`);
  await page.locator('#kiosk').getByRole('button', { name: 'Apply for a reset of the sign password' }).click();
  await operation('kiosk', 'apply').locator('input').fill('4826');
  await operation('kiosk', 'apply').getByRole('button', { name: 'Do it' }).click();
  await page.getByText('take it out and bring it to the kiosk').waitFor();
  await reader(page, FIRST).getByRole('button', { name: 'Take out' }).click();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
  await operation('kiosk', 'apply').getByRole('button', { name: 'Do it' }).click();
  const given = page.getByText(/the one-time code is \S+,/);
  await given.waitFor();
  const [, code] = (await given.innerText()).match(/the one-time code is (\S+),/) ?? [];
  await page.locator('#kiosk').getByRole('button', { name: 'Reset the sign password', exact: true }).click();
  const kiosk = operation('kiosk', 'reset-sign');
  await kiosk.locator('input[name=code]').fill(code ?? '');
  for (const input of await kiosk.locator('input:not([name=code])').all()) {
    await input.fill((await input.getAttribute('name'))?.includes('auth') ? '4826' : 'NEW456');
  }
  await kiosk.getByRole('button', { name: 'Do it' }).click();
  await kiosk.waitFor({ state: 'detached' });

  // A new name is on the shelf, on the card and on its picture.
  const face = () => page.locator('#card .turn img').getAttribute('src');
  const before = await face();
  await page.locator('#counter').getByRole('button', { name: 'Change the name' }).click();
  const rename = operation('counter', 'rename');
  await rename.locator('input[name=name]').fill('改名　花子');
  await rename.locator('input[name=kana]').fill('カイメイ　ハナコ');
  await rename.getByRole('button', { name: 'Do it' }).click();
  await page.locator('#card .head .who').getByText('改名　花子').waitFor();
  await page.locator('#cards').getByText('改名　花子').waitFor();
  await rig.until(async () => Boolean(await face()) && (await face()) !== before, 'a new picture');

  // Held to a phone, which has its own picture and PINs, and is held to a reader.
  await page.locator('#phone > summary').click();
  await page.locator('#phone').getByRole('button', { name: 'Put certificates on a phone' }).click();
  const hold = operation('phone', 'add');
  await rig.axe(page, 'with the form of a phone');
  await hold.locator('select').selectOption('android');
  await hold.locator('input[name=sign]').fill('WRONG99');
  await hold.locator('input[name=new-auth]').fill('9753');
  await hold.getByRole('button', { name: 'Do it' }).click();
  await hold.locator('input[name=sign][aria-invalid=true]').waitFor();
  await hold.locator('input[name=sign]').fill('NEW456');
  await hold.getByRole('button', { name: 'Do it' }).click();
  await hold.waitFor({ state: 'detached' });
  await onShelf(page, 'an Android phone').click();
  await page.getByRole('heading', { name: 'Phone', exact: true }).waitFor();
  equal(await face(), '/phone.svg', 'the picture of a phone');
  equal(await page.locator('#turn').count(), 0, 'sides to turn');
  equal(await page.locator('tr[data-pin]').count(), 2, 'PINs of a phone');
  await reader(page, FIRST)
    .getByRole('button', { name: /^Hold the phone of 改名/ })
    .click();
  await reader(page, FIRST).locator('.slot.full img[src="/phone.svg"]').waitFor();
  equal(await send(page, '00A4040C0AD392F000260100000001'), '9000', 'SELECT');
  equal(await send(page, '002000980439373533'), '9000', 'the PIN of the phone');
  await page.locator('#counter > summary').click();
  await page.locator('#phone > summary').click();
  await rig.axe(page, 'a phone');
  await page.locator('#language').click();
  await page.getByRole('heading', { name: 'スマートフォン', exact: true }).waitFor();
  await rig.axe(page, 'a phone, in Japanese');
  await page.locator('#language').click();
  await reader(page, FIRST).getByRole('button', { name: 'Take away' }).click();
  for (const pin of ['9753', 'NEW456']) assert(!page.url().includes(pin), 'no PIN is in the address');
  await onShelf(page, 'person.vmyna').click();
  await page.getByRole('heading', { name: 'Card', exact: true }).waitFor();
  await page.locator('#counter > summary').click();

  // What can't be undone is asked about.
  await page.locator('#counter').getByRole('button', { name: 'Revoke certificates' }).click();
  await operation('counter', 'revoke').getByRole('button', { name: 'Do it' }).click();
  await page.getByRole('dialog').getByText('This can’t be undone.').waitFor();
  await rig.axe(page, 'before certificates are revoked');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke certificates' }).click();
  await rig.until(
    async () => (await page.locator('.certificate .pill.revoked').count()) === 2,
    'both certificates are revoked',
  );
});
