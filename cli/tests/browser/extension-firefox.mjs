// The extension in an unmodified Firefox, which is driven by Marionette, its own protocol.
import { createServer } from 'node:http';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';

const EXTENSION = '6a1b0c52-6f0e-4f53-9d52-0d6f1f3c7e11';
const ERRCODE = 'EW044-C300';
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,">
<main><h1>A site</h1></main><script src="/site.js"></script>`;
const SITE = `globalThis.answers = [];
document.addEventListener('recvMsg', (event) => answers.push(JSON.parse(event.detail)));
globalThis.ask = (request) => document.dispatchEvent(new CustomEvent('launchApp', { detail: JSON.stringify(request) }));
globalThis.mark = () => document.getElementById('extension-is-installed')?.value ?? null;`;

/** A connection to Firefox: frames of a length in digits, a colon, and JSON. */
class Marionette {
  /** @param {number} port */
  constructor(port) {
    this.socket = connect(port, '127.0.0.1');
    this.bytes = Buffer.alloc(0);
    this.last = 0;
    /** @type {Map<number, [(value: any) => void, (error: Error) => void]>} */
    this.waiting = new Map();
    this.socket.on('data', (part) => {
      this.bytes = Buffer.concat([this.bytes, part]);
      for (;;) {
        const colon = this.bytes.indexOf(':');
        const end = colon + 1 + Number(this.bytes.subarray(0, Math.max(colon, 0)));
        if (colon < 0 || this.bytes.length < end) return;
        const message = JSON.parse(this.bytes.subarray(colon + 1, end).toString());
        this.bytes = this.bytes.subarray(end);
        // The first one greets.
        if (Array.isArray(message)) this.answered(message);
      }
    });
    this.socket.on('error', () => {});
  }

  /** @param {any[]} message */
  answered([, id, error, result]) {
    const [resolve, reject] = this.waiting.get(id) ?? [() => {}, () => {}];
    this.waiting.delete(id);
    if (error) reject(new Error(`${error.error}: ${error.message}`));
    else resolve(result !== null && typeof result === 'object' && 'value' in result ? result.value : result);
  }

  /** @param {string} name @param {object} parameters @returns {Promise<any>} */
  send(name, parameters = {}) {
    this.last += 1;
    const text = JSON.stringify([0, this.last, name, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.waiting.set(this.last, [resolve, reject]));
  }

  /** @param {string} script */
  evaluate(script) {
    return this.send('WebDriver:ExecuteScript', { script: `return ${script}`, args: [], sandbox: null });
  }

  /** @param {string} selector */
  async find(selector) {
    const found = await this.send('WebDriver:FindElement', { using: 'css selector', value: selector });
    return { id: Object.values(found)[0] };
  }

  /** @param {string} selector @param {string} text */
  async type(selector, text) {
    await this.send('WebDriver:ElementSendKeys', { ...(await this.find(selector)), text });
  }

  /** @param {string} selector */
  async click(selector) {
    await this.send('WebDriver:ElementClick', await this.find(selector));
  }
}

await run(async (rig) => {
  const servers = [0, 0].map(() =>
    createServer((request, response) => {
      response.setHeader('content-type', request.url === '/site.js' ? 'text/javascript' : 'text/html; charset=utf-8');
      response.end(request.url === '/site.js' ? SITE : PAGE);
    }),
  );
  const ports = [];
  for (const server of servers) {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    ports.push(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
  }
  const origin = `http://127.0.0.1:${ports[0]}`;

  const folder = await rig.directory();
  const env = { HOME: folder, XDG_DATA_HOME: join(folder, 'data') };
  const install = ['native-host', 'install', '--browser', 'firefox', '--card', 'specimen:hanako'];
  const installed = await rig.output(process.env.VMYNA ?? '', install, { env });
  equal(installed.status, 0, installed.output);
  const profile = join(folder, 'profile');
  await mkdir(profile);
  const preferences = {
    'marionette.port': 0,
    'extensions.webextensions.uuids': JSON.stringify({ 'native-host@vmyna.invalid': EXTENSION }),
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'app.update.enabled': false,
    'toolkit.telemetry.enabled': false,
    'services.settings.server': 'data:,none',
  };
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  await writeFile(join(profile, 'user.js'), lines.join('\n'));
  await rig.start(process.env.FIREFOX ?? 'firefox-esr', ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile], { env });
  const active = join(profile, 'MarionetteActivePort');
  const driver = new Marionette(Number(await rig.until(() => readFile(active, 'utf8').catch(() => ''), 'Firefox')));
  await driver.send('WebDriver:NewSession', {});
  await driver.send('Addon:Install', { path: join(folder, 'data/vmyna/native-host/firefox/extension'), temporary: true });

  const site = await driver.send('WebDriver:GetWindowHandle');
  /** The page beside the site's. @returns {Promise<string>} */
  const other = () =>
    rig.until(async () => {
      const handles = await driver.send('WebDriver:GetWindowHandles');
      return handles.find((/** @type {string} */ handle) => handle !== site);
    }, 'another page');
  await driver.send('WebDriver:Navigate', { url: origin });
  equal(await driver.evaluate('mark()'), null, 'a mark on an origin that was not entered');

  // No content may open a page of an extension, so the browser itself does.
  await driver.send('Marionette:SetContext', { value: 'chrome' });
  await driver.evaluate(`void (gBrowser.selectedTab = gBrowser.addTrustedTab('moz-extension://${EXTENSION}/settings.html'))`);
  await driver.send('Marionette:SetContext', { value: 'content' });
  const settings = await other();
  await driver.send('WebDriver:SwitchToWindow', { handle: settings });
  await rig.until(() => driver.evaluate("document.body.dataset.origins === ''"), 'the settings');
  await driver.type('#origin', 'https://www.example.go.jp');
  await driver.click('#add button');
  await rig.until(() => driver.evaluate("document.body.dataset.refused === 'government'"), 'a refusal');
  await driver.send('WebDriver:ElementClear', await driver.find('#origin'));
  await driver.type('#origin', origin);
  await driver.click('#add button');
  await rig.until(() => driver.evaluate(`document.body.dataset.origins === '${origin}'`), 'the origin');
  await driver.send('WebDriver:CloseWindow');
  await driver.send('WebDriver:SwitchToWindow', { handle: site });

  for (const elsewhere of [`http://localhost:${ports[0]}`, `http://127.0.0.1:${ports[1]}`]) {
    await driver.send('WebDriver:Navigate', { url: elsewhere });
    // The script compares the port after the page is there; the mark of the right page comes within a few milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 500));
    equal(await driver.evaluate('mark()'), null, `a mark on ${elsewhere}`);
  }
  await driver.send('WebDriver:Navigate', { url: origin });
  await rig.until(async () => (await driver.evaluate('mark()')) === '24', 'the mark');
  for (const [pin, result] of [['1234', '0'], ['9999', '1'], [null, '1']]) {
    await driver.evaluate(`(answers.length = 0, ask({ mode: '04', service_id: '01' }))`);
    const window = await other();
    await driver.send('WebDriver:SwitchToWindow', { handle: window });
    await rig.until(() => driver.evaluate("document.body?.dataset.state === 'ask'"), 'the question');
    if (pin) await driver.type('#pin', `${pin}\uE007`);
    else await driver.send('WebDriver:CloseWindow');
    await driver.send('WebDriver:SwitchToWindow', { handle: site });
    const answer = await rig.until(() => driver.evaluate('answers[0]'), 'an answer');
    equal(answer.result, result, JSON.stringify(answer));
    if (result === '0') equal(Buffer.from(answer.name, 'hex').toString(), '見本　花子', 'the name');
    else equal(answer.errcode, ERRCODE, 'the code');
    if (pin === '9999') {
      assert(answer.message.includes('Tries left: 2.'), answer.message);
      await driver.send('WebDriver:SwitchToWindow', { handle: window });
      await driver.send('WebDriver:CloseWindow');
      await driver.send('WebDriver:SwitchToWindow', { handle: site });
    }
  }
  driver.send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
