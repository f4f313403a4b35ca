// The portal through the identity provider, with one issued card: log in, consent, wrong PIN three times, blocked, reset at the
// counter, log in again, sign an application in both forms.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';
import { portalOf } from './portal_lib.mjs';

const PERSON = `
name = "見本　太郎"
address = "東京都千代田区見本町一丁目２番３号"
birth = 1990-04-01
sex = "male"

[municipality]
code = "13101"
`;

await run(async (rig) => {
  const folder = await rig.directory();
  const { origin, vmyna } = await portalOf(rig, PERSON, async () => 'card.vmyna');
  const holder = JSON.parse(await vmyna('show', 'card.vmyna', '--json')).holder;

  const page = await rig.page({ lang: 'en' });
  // The status of a form with mistakes, which the browser reports.
  rig.expect(/status of 422/);
  const button = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true });
  const heading = (/** @type {string} */ name) => page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
  const auth = () => page.getByLabel('PIN to log in');
  const items = () => page.getByLabel('PIN for your data on the card');

  // Consent is asked for, and can be refused.
  await page.goto(`${origin}/en/`);
  await rig.axe(page, 'welcome');
  await button('Log in with the card').click();
  await page.getByText('Practice portal').first().waitFor();
  await button('Refuse').click();
  await heading('The identity provider refused');
  equal(new URL(page.url()).origin, origin, 'the refusal comes back to the portal');
  await rig.axe(page, 'refused');
  await page.getByRole('link', { name: 'To the first page' }).click();

  // Three wrong PINs block the card, as it is.
  await button('Log in with the card').click();
  await button('Agree and go on').click();
  for (const left of ['tries left: 3', 'tries left: 2', 'tries left: 1']) {
    await page.getByText(left).first().waitFor();
    await auth().fill('9999');
    await items().fill('1234');
    await button('Log in').click();
  }
  await page.getByRole('heading', { name: "This card can't be used" }).waitFor();
  await button('Back to the site').click();
  await heading('The identity provider refused');
  await page.getByText('pin_blocked').waitFor();

  // Blocked: no PIN helps, and the portal has no session of a person.
  await page.goto(`${origin}/en/data`);
  equal(page.url(), `${origin}/en/`, 'a visitor is led to the first page');
  await button('Log in with the card').click();
  await button('Agree and go on').click();
  await page.getByText('blocked, or never set').first().waitFor();
  await button('Cancel').click();

  // At the counter the PIN gets a new value.
  await vmyna('counter', 'card.vmyna', 'reset-pin', 'auth=4321');
  await page.goto(`${origin}/en/`);
  await button('Log in with the card').click();
  await button('Agree and go on').click();
  await auth().fill('4321');
  await items().fill('1234');
  await button('Log in').click();
  await heading('Home');
  await page.getByText(`You are logged in as ${holder.name}.`).waitFor();

  // Every page in both languages, in the light, in the dark, and narrow.
  for (const path of ['', 'exchanges', 'codes', 'data', 'notices', 'application']) {
    for (const [language, scheme] of /** @type {const} */ ([['en', 'light'], ['ja', 'dark']])) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`${origin}/${language}/${path}`);
      await page.getByText('見本 SPECIMEN').first().waitFor();
      await rig.axe(page, `${language}/${path}, ${scheme}`);
    }
    await page.setViewportSize({ width: 375, height: 700 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(wide <= 375, `${path} is ${wide} px wide on a screen of 375`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  await page.emulateMedia({ colorScheme: 'light' });

  // The data of the card, and how bodies speak of the person.
  await page.goto(`${origin}/en/data`);
  await page.getByText(holder.address, { exact: true }).waitFor();
  await button('Ask the provider again').click();
  await page.getByRole('status').getByText('Read again.').waitFor();
  await page.goto(`${origin}/en/codes`);
  await page.getByLabel('Asks').selectOption('city');
  await page.getByLabel('Answers').selectOption('health');
  await button('Show').click();
  await page.getByText('Invented Health Insurance Society finds its record').waitFor();
  const number = String(holder.my_number);
  assert(number.length >= 12, 'the My Number of the card is known to the test');

  // An application in each form of the digest.
  for (const [form, words] of [
    ['Bare digest, 32 bytes', 'bare SHA-256 digest'],
    ['DigestInfo, 51 bytes', 'DigestInfo of SHA-256'],
  ]) {
    await page.goto(`${origin}/en/application`);
    await button('Review').click();
    await page.getByRole('alert').getByText('Enter the new address').waitFor();
    await rig.axe(page, 'a form with mistakes');
    await page.getByLabel('New address').fill('見本町二丁目５番６号');
    await page.getByLabel('Day of moving').fill('2026-12-01');
    await page.getByLabel(form).check();
    await button('Review').click();
    await heading('Review');
    await rig.axe(page, 'review');
    await button('Sign with the card').click();
    await button('Agree and go on').click();
    await auth().fill('4321');
    await page.getByLabel('Sign password').fill('ABC123');
    await button('Log in and sign').click();
    await heading('Result of the checks');
    await page.getByText('Accepted: every check holds.').waitFor();
    await page.getByText(words).first().waitFor();
    await rig.axe(page, 'result');
  }

  // The same checks by the command, with the files of the page.
  for (const name of ['document.txt', 'signature.bin', 'certificate.der']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    await download.saveAs(join(folder, name));
  }
  const document = await readFile(join(folder, 'document.txt'), 'utf8');
  assert(document.includes('見本町二丁目５番６号') && document.includes(holder.name), document);
  assert(!document.includes(number), 'the document has the My Number');
  const report = await vmyna(
    'verify', 'signature.bin', '--data', 'document.txt', '--certificate', 'certificate.der', '--ca', 'specimen',
    '--form', 'digest-info', '--purpose', 'sign',
  );
  assert(report.includes('signature.value'), report);

  // A moved person: the sign certificate is revoked, and the next application is refused by the provider.
  await vmyna('counter', 'card.vmyna', 'move-out');
  await page.goto(`${origin}/en/application`);
  await page.getByLabel('New address').fill('見本町三丁目');
  await page.getByLabel('Day of moving').fill('2026-12-01');
  await button('Review').click();
  await button('Sign with the card').click();
  await button('Agree and go on').click();
  await auth().fill('4321');
  await page.getByLabel('Sign password').fill('ABC123');
  await button('Log in and sign').click();
  await page.getByText('The certificate for signatures is revoked.').waitFor();
  await button('Back to the site').click();
  await page.getByText('certificate_revoked').waitFor();

  // Out: the browser has another cookie than before, that of a visitor.
  const [before] = await page.context().cookies(origin);
  await page.goto(`${origin}/en/`);
  await button('Log out').click();
  await heading('Welcome');
  const [after] = await page.context().cookies(origin);
  assert(before.value !== after.value, 'the cookie is that of before');

  // Nothing secret in what the servers have printed.
  for (const child of rig.children) {
    for (const secret of ['9999', '4321', 'ABC123', number]) {
      assert(!child.log.includes(secret) || child.name === process.env.VMYNA, `${child.name} printed ${secret}`);
    }
  }
});
