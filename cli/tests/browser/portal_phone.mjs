// The portal with phones: a card is held to an Android phone and then to an iPhone. The first has no four items, the second logs in
// and signs by what it has of its own, until its loss is reported.

import { assert, equal, run } from './lib.mjs';
import { portalOf } from './portal_lib.mjs';

const PERSON = `
name = "見本　花代"
address = "東京都千代田区見本町一丁目２番３号"
birth = 1992-05-08
sex = "female"

[municipality]
code = "13101"
`;

await run(async (rig) => {
  const { origin, vmyna } = await portalOf(rig, PERSON, async (vmyna) => {
    const hold = ['phone', 'add', 'card.vmyna', '--pin', 'sign=ABC123', '--new-pin', 'auth=4826', '--new-pin', 'sign=PHONE99'];
    await vmyna(...hold, '--kind', 'android', '-o', 'android.vmyna');
    await vmyna(...hold, '--kind', 'iphone', '-o', 'iphone.vmyna');
    return ['android.vmyna', 'iphone.vmyna', 'card.vmyna'];
  });
  const { holder } = JSON.parse(await vmyna('show', 'card.vmyna', '--json'));

  const page = await rig.page({ lang: 'en' });
  const button = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true });
  const heading = (/** @type {string} */ name) => page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
  const choose = async (/** @type {string} */ name) => {
    await page.getByRole('radio', { name }).check();
    await button('Agree and go on').click();
  };
  const auth = () => page.getByLabel('PIN to log in');

  // The portal asks for the four items, which an Android phone can't give.
  await page.goto(`${origin}/en/`);
  await button('Log in with the card').click();
  await page.getByText('Which card or phone do you use?').waitFor();
  await rig.axe(page, 'phones to choose from');
  await choose('android.vmyna (Android)');
  await heading("This phone can't be used");
  await rig.axe(page, 'a phone without the four items');
  await page.getByRole('button', { name: '日本語' }).click();
  await heading('このスマートフォンは使えません');
  await rig.axe(page, 'the same in Japanese');
  await button('サイトに戻る').click();
  await heading('The identity provider refused');
  await page.getByText('card_not_suitable').waitFor();

  // The iPhone, with its own PIN, and without one for the data.
  const logIn = async () => {
    await page.goto(`${origin}/en/`);
    await button('Log in with the card').click();
    await choose('iphone.vmyna (iPhone)');
    await page.getByText('tries left: 3').waitFor();
    equal(await page.locator('input[type=password]').count(), 1, 'PINs that are asked for');
    await rig.axe(page, 'the PIN of a phone');
    await auth().fill('4826');
    await button('Log in').click();
  };
  await logIn();
  await heading('Home');
  await page.getByText(`You are logged in as ${holder.name}.`).waitFor();
  await page.goto(`${origin}/en/data`);
  await page.getByText(holder.address, { exact: true }).waitFor();
  const subject = (/** @type {string} */ text) => text.match(/[\w-]{43}/)?.[0];
  const phones = subject(await page.locator('main').innerText());

  // An application, signed with the phone's own password.
  await page.goto(`${origin}/en/application`);
  await page.getByLabel('New address').fill('見本町二丁目５番６号');
  await page.getByLabel('Day of moving').fill('2026-12-01');
  await button('Review').click();
  await button('Sign with the card').click();
  await choose('iphone.vmyna (iPhone)');
  await auth().fill('4826');
  await page.getByLabel('Sign password').fill('PHONE99');
  await button('Log in and sign').click();
  await heading('Result of the checks');
  await page.getByText('Accepted: every check holds.').waitFor();
  await page.goto(`${origin}/en/`);
  await button('Log out').click();
  await heading('Welcome');

  // The loss of the phone is reported with the card, which stays good and is of the same person.
  await vmyna('counter', 'card.vmyna', 'phone-lost');
  await logIn();
  await heading("This phone can't be used");
  await page.getByText('The certificate for log-in is revoked.').waitFor();
  await rig.axe(page, 'a phone that was lost');
  await button('Back to the site').click();
  await page.getByText('certificate_revoked').waitFor();
  await page.goto(`${origin}/en/`);
  await button('Log in with the card').click();
  await choose('card.vmyna');
  await auth().fill('1234');
  await page.getByLabel('PIN for your data on the card').fill('1234');
  await button('Log in').click();
  await heading('Home');
  await page.goto(`${origin}/en/data`);
  equal(subject(await page.locator('main').innerText()), phones, 'the identifier of the card');
  assert(phones, 'the page shows the identifier');

  // The PINs of the phone are in nothing that was printed.
  for (const child of rig.children) {
    for (const secret of ['4826', 'PHONE99']) {
      assert(!child.log.includes(secret), `${child.name} printed ${secret}`);
    }
  }
});
