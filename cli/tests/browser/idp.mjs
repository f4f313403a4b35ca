// The pages of the identity provider: both languages, dark and light, a phone's width, axe without findings; a log-in from the
// site and back, which needs the browser's own Origin and the policy for the form's redirect.
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';

await run(async (rig) => {
  /** @type {string[]} */
  const returned = [];
  const site = createServer((request, response) => {
    returned.push(request.url ?? '');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><h1>Back</h1>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (site.address());
  const back = `http://127.0.0.1:${port}/callback`;

  const folder = await rig.directory();
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(folder, 'public.pem'), publicKey.export({ format: 'pem', type: 'spki' }));
  const clients = join(folder, 'clients.toml');
  await writeFile(
    clients,
    `[[client]]\nid = "shop"\nname = "The shop"\nname_ja = "見本の店"\nredirect_uris = ["${back}"]\n` +
      'signing_alg = "ES256"\nkey_file = "public.pem"\n',
  );
  const cards = ['specimen:hanako', 'specimen:blocked', 'specimen:expired'];
  const options = ['--listen', '127.0.0.1:0', '--clients', clients, '--time-limit', '60'];
  const provider = await rig.vmyna(['idp', ...options, ...cards], /http:\S+/, { VMYNA_REGISTER: 'none' });
  const issuer = provider.found[0];

  /** @param {string} language @param {string} state */
  const request = (language, state) => {
    const parameters = new URLSearchParams({
      response_type: 'code',
      client_id: 'shop',
      redirect_uri: back,
      scope: 'openid name address birthdate gender',
      state,
      nonce: 'a nonce',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
      ui_locales: language,
    });
    return `${issuer}/protocol/openid-connect/auth?${parameters}`;
  };
  /** @param {import('playwright-core').Page} page @param {string} when */
  const looks = async (page, when) => {
    assert(await page.getByText('見本 SPECIMEN').isVisible(), `${when}: marked`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(width <= 0, `${when}: ${width} px too wide`);
    await rig.axe(page, when);
  };

  for (const [language, dark, width] of /** @type {['en' | 'ja', boolean, number][]} */ ([
    ['en', false, 1280],
    ['en', true, 375],
    ['ja', false, 375],
    ['ja', true, 1280],
  ])) {
    const english = language === 'en';
    const at = `${language} ${dark ? 'dark' : 'light'} ${width}`;
    const page = await rig.page({ lang: language, dark, width });
    await page.goto(request(language, at));
    await page.getByText(english ? 'The shop' : '見本の店').waitFor();
    await looks(page, `${at}, cards`);
    await page.getByRole('radio', { name: 'specimen:hanako' }).check();
    await page.getByRole('button', { name: english ? 'Agree and go on' : '同意して進む' }).click();
    const pin = page.getByLabel(english ? 'PIN to log in (4 digits)' : '利用者証明用暗証番号');
    const data = page.getByLabel(english ? 'PIN for your data on the card (4 digits)' : '券面事項入力補助用暗証番号');
    const send = page.getByRole('button', { name: english ? 'Log in' : 'ログイン', exact: true });
    await pin.fill('0000');
    await data.fill('1234');
    await looks(page, `${at}, PINs`);
    await send.click();
    await page.getByRole('alert').waitFor();
    await looks(page, `${at}, a wrong PIN`);
    // The other language and back, by the keyboard.
    await page.getByRole('button', { name: english ? '日本語' : 'English' }).press('Enter');
    await page.getByRole('button', { name: english ? 'English' : '日本語' }).press('Enter');
    await pin.fill('1234');
    await data.fill('1234');
    await data.press('Enter');
    await page.getByRole('heading', { name: 'Back' }).waitFor();
    const answer = new URL(returned.at(-1) ?? '', back).searchParams;
    equal([answer.get('state'), answer.get('iss')], [at, issuer], 'what the site gets');
    assert(answer.get('code')?.length === 43, 'a code');
  }

  for (const language of /** @type {('en' | 'ja')[]} */ (['en', 'ja'])) {
    const english = language === 'en';
    const page = await rig.page({ dark: english, width: 375 });
    for (const card of ['specimen:blocked', 'specimen:expired']) {
      await page.goto(request(language, card));
      await page.getByRole('radio', { name: card }).check();
      await page.getByRole('button', { name: english ? 'Agree and go on' : '同意して進む' }).click();
      for (const field of await page.locator('input[type=password]').all()) await field.fill('1234');
      await page.getByRole('button', { name: english ? 'Log in' : 'ログイン', exact: true }).click();
      await page.getByRole('heading', { name: english ? "can't be used" : 'このカードは使えません' }).waitFor();
      await looks(page, `${language}, ${card}`);
      await page.getByRole('button', { name: english ? 'Back to the site' : 'サイトに戻る' }).click();
      await page.getByRole('heading', { name: 'Back' }).waitFor();
      const answer = new URL(returned.at(-1) ?? '', back).searchParams;
      const reason = card === 'specimen:blocked' ? 'pin_blocked' : 'certificate_expired';
      equal([answer.get('error'), answer.get('error_description')], ['access_denied', reason], card);
    }
    await page.goto(issuer.replace('/api/realms/main', '/'));
    await looks(page, `${language}, the front page`);
    rig.expect(/400 \(Bad Request\)/);
    await page.goto(request(language, 'x').replace('client_id=shop', 'client_id=other'));
    await looks(page, `${language}, a refusal`);
  }
  site.closeAllConnections();
  site.close();
});
