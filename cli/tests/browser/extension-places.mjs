// Where the extension is active, and where it never is: hosts of other names, the government's, and the card in a reader of
// the desk.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';

const ID = 'pcionloglbkhkfipjgbhhfcbfofojmam';
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,">
<main><h1>A site</h1></main><script src="/site.js"></script>`;
const SITE = `globalThis.answers = [];
document.addEventListener('recvMsg', (event) => answers.push(JSON.parse(event.detail)));
globalThis.ask = () => document.dispatchEvent(new CustomEvent('launchApp', {
  detail: '{"mode":"01","service_id":"01","digest":"AQI="}' }));
globalThis.marks = () => ['extension-is-installed', 'app-is-installed'].map((id) => document.getElementById(id)?.value);`;

await run(async (rig) => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/site.js' ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(request.url === '/site.js' ? SITE : PAGE);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const government = `http://www.example.go.jp:${port}`;
  const other = `http://site.example:${port}`;
  rig.expect(/request to another host: http:\/\/(www\.example\.go\.jp|site\.example):/);

  // A desk with a card in its reader, and a host that uses the card in that reader.
  const desk = await rig.desk(['specimen:hanako']);
  const headers = { authorization: `Bearer ${desk.token}`, origin: desk.origin, 'content-type': 'application/json' };
  /** @param {string} path @param {object} [body] */
  const api = async (path, body) => {
    const more = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const response = await fetch(`${desk.origin}/api/${path}`, { headers, ...more });
    assert(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
    return response.json();
  };
  const state = await api('state');
  const reader = state.readers[0].name;
  const place = `readers/${encodeURIComponent(reader)}`;
  await api(`${place}/insert`, { card: state.shelf.cards[0].id });

  const profile = join(await rig.directory(), 'profile');
  const install = ['native-host', 'install', '--browser', 'chromium', '--user-data-dir', profile, '--reader', reader];
  const installed = await rig.output(process.env.VMYNA ?? '', install);
  equal(installed.status, 0, installed.output);
  const rules = '--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.go.jp 127.0.0.1';
  const flag = installed.output.match(/--load-extension=\S+/)?.[0] ?? '';
  const env = { PCSCLITE_CSOCK_NAME: state.socket };
  const context = await rig.browser({ args: [flag, rules], extensions: true, env });
  const page = await rig.page();
  const settings = await context.newPage();
  const open = async () => {
    await settings.goto(`chrome-extension://${ID}/settings.html`);
    await settings.locator('body[data-origins]').waitFor({ state: 'attached' });
  };
  /** Fails if the extension is active on a page. @param {string} origin */
  const isInactive = async (origin) => {
    await page.goto(origin);
    equal(await page.evaluate('marks()'), [null, null], `marks on ${origin}`);
    await page.evaluate('ask()');
    equal([context.pages().length, await page.evaluate('answers')], [2, []], `windows and answers on ${origin}`);
  };
  await open();

  // Another host is asked for as a permission. Nobody grants it here, so it is not entered.
  await settings.locator('#origin').fill(other);
  await settings.locator('#add button').click();
  await isInactive(other);
  await open();
  equal(await settings.evaluate('document.body.dataset.origins'), '', 'nothing was entered');
  // Also where the question is passed by: without the permission the script is not put into the page.
  await settings.evaluate(`chrome.runtime.sendMessage({ add: '${other}' })`);
  await isInactive(other);

  // The government's host, also if it stands in the storage.
  for (const origin of [government, government.toUpperCase(), government.replace('go.jp', 'go.jp.')]) {
    await settings.evaluate(`chrome.storage.local.set({ origins: ['${origin}'] })`);
    const kept = await settings.evaluate('chrome.runtime.sendMessage({})');
    equal(kept, { origins: [] }, origin);
    await isInactive(government);
  }

  // The card in the desk's reader.
  const origin = `http://127.0.0.1:${port}`;
  await open();
  await settings.locator('#origin').fill(origin);
  await settings.locator('#add button').click();
  await settings.locator(`body[data-origins="${origin}"]`).waitFor({ state: 'attached' });
  await page.goto(origin);
  const answer = async () => {
    const opened = context.waitForEvent('page');
    await page.evaluate('answers.length = 0, ask()');
    const window = await opened;
    await window.locator('#pin').fill('1234');
    await window.locator('#pin').press('Enter').catch(() => {});
    return rig.until(() => page.evaluate('answers[0]'), 'an answer');
  };
  let told = await answer();
  equal([told.mode, told.result], ['01', '0'], JSON.stringify(told));
  const { entries } = await api('trace?from=0');
  const commands = entries.map((/** @type {any} */ entry) => entry.command ?? '').join('\n');
  assert(/^802A008002010200$/m.test(commands) && /^00200080 ?04/m.test(commands), `the desk shows the commands:\n${commands}`);
  assert(!commands.includes('31323334'), 'the desk masks the PIN');

  // The card is pulled out in the middle, and is not there.
  await api(`${place}/faults`, { preset: 'pull-before-signature' });
  for (const words of [/pulled out|does not answer/, /no card in the reader/]) {
    told = await answer();
    equal(told.result, '1', JSON.stringify(told));
    assert(words.test(told.message), told.message);
  }
  server.closeAllConnections();
  server.close();
});
