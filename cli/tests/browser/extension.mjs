// The browser extension in a real Chromium, with the native host and a virtual card behind it: page, content script, worker,
// PIN window, host, and back.
import { createServer } from 'node:http';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate, createHash, verify } from 'node:crypto';
import { assert, equal, run } from './lib.mjs';

const ID = 'pcionloglbkhkfipjgbhhfcbfofojmam';
const ERRCODE = 'EW044-C300';
const MANIFEST = 'NativeMessagingHosts/vmyna.native_host.json';

/** A page as a site's: it asks by the published event, and notes all answers. */
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,">
<main><h1>A site</h1></main><script src="/site.js"></script>`;
const SITE = `globalThis.answers = [];
document.addEventListener('recvMsg', (event) => answers.push(JSON.parse(event.detail)));
globalThis.ask = (request) => document.dispatchEvent(new CustomEvent('launchApp', {
  detail: typeof request === 'string' ? request : JSON.stringify(request) }));
globalThis.marks = () => ['extension-is-installed', 'app-is-installed'].map((id) => document.getElementById(id)?.value);`;

/** DigestInfo with SHA-256 of a text, as a site sends it. @param {string} text */
function digestInfo(text) {
  const head = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  return Buffer.concat([head, createHash('sha256').update(text).digest()]).toString('base64');
}

/** @param {string} certificate @param {string} signature @param {string} text */
function isSigned(certificate, signature, text) {
  const key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

await run(async (rig) => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/site.js' ? 'text/javascript' : 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'; img-src data:");
    response.end(request.url === '/site.js' ? SITE : PAGE);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;

  // A card of the test's own, with its tries, and a host for this browser.
  const folder = await rig.directory();
  const profile = join(folder, 'profile');
  const card = join(folder, 'card.vmyna');
  const person = join(folder, 'person.toml');
  await writeFile(person, `name = "見本　太郎"\naddress = "東京都千代田区見本町九丁目"\nbirth = "1990-01-02"\nsex = "male"\n\n[municipality]\ncode = "13101"\n`);
  const issued = await rig.output(process.env.VMYNA ?? '', ['issue', person, '-o', card]);
  equal(issued.status, 0, issued.output);
  const install = ['native-host', 'install', '--browser', 'chromium', '--user-data-dir', profile, '--card', card];
  const installed = await rig.output(process.env.VMYNA ?? '', install);
  equal(installed.status, 0, installed.output);
  const extension = join(profile, 'vmyna-native-host/chromium/extension');
  assert(installed.output.includes(`--load-extension=${extension}`), installed.output);

  const context = await rig.browser({ args: [`--load-extension=${extension}`], extensions: true });
  const page = await rig.page();
  const marks = () => page.evaluate('marks()');
  const answers = () => /** @type {Promise<any[]>} */ (page.evaluate('answers'));
  const ask = (/** @type {unknown} */ request) => page.evaluate(`ask(${JSON.stringify(request)})`);
  /** The answer to what was asked last. */
  const answer = async () => {
    const all = await rig.until(async () => {
      const all = await answers();
      return all.length > 0 && all;
    }, 'an answer');
    await page.evaluate('answers.length = 0');
    equal(all.length, 1, 'answers to one request');
    return all[0];
  };
  /** An action that closes its window may do so before it reports its end. @param {Promise<void>} action */
  const closing = (action) =>
    action.catch((/** @type {Error} */ error) => assert(/has been closed/.test(error.message), error.message));
  /** Asks, and gives the PIN window. */
  const asked = async (/** @type {unknown} */ request) => {
    const opened = context.waitForEvent('page');
    await ask(request);
    const window = await opened;
    equal(window.url(), `chrome-extension://${ID}/pin.html`, 'the window is one of the extension');
    await window.locator('body[data-state=ask]').waitFor();
    return window;
  };
  /** Types into the PIN window. @param {import('playwright-core').Page} window @param {string} pin */
  const type = async (window, pin) => {
    await window.locator('#pin').fill(pin);
    await closing(window.locator('#pin').press('Enter'));
  };
  const closed = (/** @type {import('playwright-core').Page} */ window) =>
    rig.until(async () => window.isClosed(), 'the window closes');

  // Nothing is active at first: no marks, no window, no answer.
  await page.goto(origin);
  equal(await marks(), [null, null], 'marks on an origin that was not entered');
  await ask({ mode: '04', service_id: '01' });

  const settings = await context.newPage();
  await settings.goto(`chrome-extension://${ID}/settings.html`);
  await settings.locator('body[data-origins=""]').waitFor({ state: 'attached' });
  const add = async (/** @type {string} */ text) => {
    await settings.locator('#origin').fill(text);
    await settings.locator('#add button').click();
  };
  await rig.axe(settings, 'settings without origins');
  for (const [text, reason] of [
    ['https://www.example.go.jp', 'government'],
    ['https://GO.JP.', 'government'],
    ['https://ｍｙｎａ.ｇｏ.ｊｐ', 'government'],
    ['http://go%2Ejp:8080', 'government'],
    ['http://127.0.0.1:1/path', 'form'],
    ['*', 'form'],
  ]) {
    await settings.evaluate("document.body.dataset.refused = 'not yet'");
    await add(text);
    await settings.locator(`body[data-refused=${reason}]`).waitFor({ state: 'attached' });
  }
  // Also where the page's own check is passed by: the worker compares again.
  equal(
    await settings.evaluate("chrome.runtime.sendMessage({ add: 'https://www.example.go.jp' })"),
    { origins: [], refused: 'government' },
    'the worker refuses the government as well',
  );
  await add(origin);
  await settings.locator(`body[data-origins="${origin}"]`).waitFor({ state: 'attached' });
  await rig.axe(settings, 'settings with an origin');

  // The other name and the other port of the same machine are other origins.
  await page.goto(`http://localhost:${port}`);
  equal(await marks(), [null, null], 'marks on another host');
  await page.goto(origin);
  equal(await marks(), ['24', '29'], 'marks on the origin that was entered');
  equal(await answers(), [], 'nothing has answered so far');

  // Mode 01.
  let window = await asked({ mode: '01', service_id: '01', digest: digestInfo('a challenge') });
  const words = await window.locator('main').innerText();
  assert(words.includes(origin) && words.includes('Log in'), `the window names page and purpose: ${words}`);
  await rig.axe(window, 'PIN window');
  await type(window, '1234');
  let told = await answer();
  equal([told.mode, told.result], ['01', '0'], JSON.stringify(told));
  assert(isSigned(told.certificate, told.signature, 'a challenge'), 'the signature is the card\'s');
  await closed(window);

  // Mode 02, with two digests and letters in lower case.
  window = await asked({ mode: '02', service_id: '01', digest: ['one', 'two'].map(digestInfo) });
  assert((await window.locator('main').innerText()).includes('signatures: 2'), 'the window tells the number');
  await type(window, 'abc123');
  told = await answer();
  equal([told.mode, told.result, told.signature.length], ['02', '0', 2], JSON.stringify(told));
  for (const [at, text] of ['one', 'two'].entries()) {
    assert(isSigned(told.certificate, told.signature[at], text), `signature ${at}`);
  }

  // Mode 04. A PIN of the page is no PIN.
  window = await asked({ mode: '04', service_id: '01', pin: '0000' });
  await type(window, '1234');
  told = await answer();
  equal(Buffer.from(told.name, 'hex').toString(), '見本　太郎', 'the name');
  equal([told.mode, told.result], ['04', '0'], 'mode 04');

  // A wrong PIN: a failure with the request's own fields, and the window tells the tries.
  const request = { mode: '01', service_id: '01', digest: digestInfo('x'), more: 'kept' };
  window = await asked(request);
  await type(window, '9999');
  told = await answer();
  equal({ ...told, message: '', message_ja: '' }, { ...request, message: '', message_ja: '', result: '1', errcode: ERRCODE }, 'failure');
  assert(told.message.includes('Tries left: 2.'), told.message);
  await window.locator('body[data-state=end]').waitFor();
  assert((await window.locator('#outcome').innerText()).includes('Tries left: 2.'), 'the window tells the tries');
  await rig.axe(window, 'PIN window after a failure');
  await closing(window.locator('#close').click());
  await closed(window);

  // Cancelled: by the button, by Escape, and by closing the window.
  const cancelled = { ...request, result: '1', errcode: ERRCODE };
  for (const end of ['button', 'escape', 'window']) {
    window = await asked(request);
    if (end === 'button') await closing(window.locator('#cancel').click());
    else if (end === 'escape') await closing(window.keyboard.press('Escape'));
    else await window.close();
    equal(await answer(), cancelled, `cancelled by ${end}`);
    await closed(window);
  }

  // One PIN at a time, for all pages together.
  window = await asked(request);
  const before = context.pages().length;
  await ask({ mode: '04', service_id: '01' });
  told = await answer();
  equal([told.mode, told.result, told.errcode], ['04', '1', ERRCODE], 'the second request fails at once');
  equal(context.pages().length, before, 'no second window');
  // Mode 05 cancels the page's own request, and has no answer itself.
  await ask({ mode: '05' });
  equal(await answer(), cancelled, 'cancelled by mode 05');
  await closed(window);

  // The page that has asked goes away.
  window = await asked(request);
  await page.goto(`${origin}/again`);
  await closed(window);

  // What is no request fails without a window.
  for (const wrong of ['no JSON', '[]', '{}', '{"mode":"03"}', `{"mode":"04","pad":"${'x'.repeat(300_000)}"}`]) {
    await ask(wrong);
    told = await answer();
    equal([told.result, told.errcode], ['1', ERRCODE], wrong.slice(0, 40));
  }

  // Nobody but the window itself gives a PIN: a page of the extension that was opened by hand is asked for nothing.
  const other = await context.newPage();
  const gone = other.waitForEvent('close');
  await other.goto(`chrome-extension://${ID}/pin.html`).catch(() => {});
  await gone;

  // Without a host: the published failure, and the window tells what to do.
  await rename(join(profile, MANIFEST), join(profile, 'away.json'));
  window = await asked(request);
  await type(window, '1234');
  equal(await answer(), cancelled, 'no host');
  await window.locator('body[data-state=end]').waitFor();
  assert((await window.locator('#outcome').innerText()).includes('native-host install'), 'the window tells what to do');
  await rename(join(profile, 'away.json'), join(profile, MANIFEST));
  // A new request takes the window's place.
  const stale = window;
  window = await asked(request);
  await closed(stale);
  await type(window, '1234');
  equal((await answer()).result, '0', 'with the host again');

  // An origin that is removed is no longer served, on pages that are open as well, and its PIN window closes.
  window = await asked(request);
  await settings.bringToFront();
  await settings.locator('#origins button').click();
  await settings.locator('body[data-origins=""]').waitFor({ state: 'attached' });
  await closed(window);
  equal(await answer(), cancelled, 'an origin that was removed while its window was open');
  await ask(request);
  equal(await answer(), cancelled, 'an origin that was removed');
  await page.goto(origin);
  equal(await marks(), [null, null], 'marks after the removal');

  server.closeAllConnections();
  server.close();
});
