// A person who thinks for longer than a browser keeps an idle worker: the PIN window keeps the extension's worker alive.
//
// A debugger would keep it alive too, so nothing drives this browser but the keyboard of a screen of its own.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';

/** Chromium ends a worker after 30 seconds without an event: milliseconds. */
const THINKS = 45_000;
const TITLE = 'A page asks for your virtual card';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,">
<main><h1>A site</h1></main><script src="/site.js"></script>`;
const SITE = `document.addEventListener('recvMsg', (event) => fetch('/answer', { method: 'POST', body: event.detail }));
// The extension may be loaded only after the first page of a browser.
addEventListener('load', () => {
  if (!document.getElementById('app-is-installed')) return setTimeout(() => location.reload(), 500);
  document.dispatchEvent(new CustomEvent('launchApp', { detail: '{"mode":"04","service_id":"01"}' }));
});`;

await run(async (rig) => {
  /** @type {any} */
  let answer;
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      let body = '';
      for await (const part of request) body += part;
      answer = JSON.parse(body);
    }
    response.setHeader('content-type', request.url === '/site.js' ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(request.url === '/site.js' ? SITE : PAGE);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;

  // The origin is entered in a first browser, which ends.
  const folder = await rig.directory();
  const profile = join(folder, 'profile');
  const install = ['native-host', 'install', '--browser', 'chromium', '--user-data-dir', profile, '--card', 'specimen:hanako'];
  const installed = await rig.output(process.env.VMYNA ?? '', install);
  equal(installed.status, 0, installed.output);
  const flag = installed.output.match(/--load-extension=\S+/)?.[0] ?? '';
  const context = await rig.browser({ args: [flag], extensions: true });
  const settings = await rig.page();
  await settings.goto('chrome-extension://pcionloglbkhkfipjgbhhfcbfofojmam/settings.html');
  await settings.locator('#origin').fill(origin);
  await settings.locator('#add button').click();
  await settings.locator(`body[data-origins="${origin}"]`).waitFor({ state: 'attached' });
  await context.close();
  rig.context = undefined;

  const { env, tool } = await rig.screen();
  const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--password-store=basic', '--lang=en'];
  await rig.start(process.env.CHROMIUM ?? 'chromium', [...flags, `--user-data-dir=${profile}`, flag, origin], { env });

  const find = async () => (await tool('search', '--onlyvisible', '--name', TITLE)).match(/^\d+$/m)?.[0];
  const window = await rig.until(find, 'the PIN window');
  await new Promise((resolve) => setTimeout(resolve, THINKS));
  assert((await find()) === window && answer === undefined, `the window is still there: ${JSON.stringify(answer)}`);
  await tool('windowfocus', '--sync', window);
  await tool('type', '1234');
  await tool('key', 'Return');
  await rig.until(async () => answer, 'the answer');
  equal([answer.mode, answer.result], ['04', '0'], JSON.stringify(answer));
  await rig.until(async () => !(await find()), 'the window closes');
  server.closeAllConnections();
  server.close();
});
