// An origin on another host: the browser asks the person, in a window that only a keyboard reaches.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE, equal, run } from './lib.mjs';

const PAGE = '<!doctype html><html lang="en"><title>Site</title><link rel="icon" href="data:,"><main><h1>A site</h1></main>';

await run(async (rig) => {
  const servers = [0, 0].map(() => createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(PAGE);
  }));
  const ports = [];
  for (const server of servers) {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    ports.push(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
  }
  const [origin, other] = ports.map((port) => `http://site.example:${port}`);

  const profile = join(await rig.directory(), 'profile');
  const install = ['native-host', 'install', '--browser', 'chromium', '--user-data-dir', profile, '--card', 'specimen:hanako'];
  const installed = await rig.output(process.env.VMYNA ?? '', install);
  equal(installed.status, 0, installed.output);
  const flag = installed.output.match(/--load-extension=\S+/)?.[0] ?? '';
  const { env, tool } = await rig.screen();
  rig.context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: false,
    chromiumSandbox: false,
    args: [flag, '--disable-gpu', '--no-first-run', '--host-resolver-rules=MAP *.example 127.0.0.1'],
    ignoreDefaultArgs: ['--disable-extensions'],
    env,
    timeout: PATIENCE,
  });
  const page = await rig.context.newPage();
  const marks = () => page.evaluate("document.getElementById('extension-is-installed')?.value ?? null");
  const settings = await rig.context.newPage();
  await settings.goto('chrome-extension://pcionloglbkhkfipjgbhhfcbfofojmam/settings.html');
  await settings.locator('body[data-origins=""]').waitFor({ state: 'attached' });

  // The question has "Deny" first, and no name to wait for: keys are pressed until the page has its answer.
  const answered = async (/** @type {string[]} */ keys, /** @type {string} */ selector) => {
    await settings.locator('#origin').fill(origin);
    await settings.locator('#add button').click();
    await rig.until(async () => {
      if ((await settings.locator(selector).count()) > 0) return true;
      for (const key of keys) await tool('key', key);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return false;
    }, selector);
  };
  await answered(['Escape'], 'body[data-refused=denied]');
  await page.goto(origin);
  equal(await marks(), null, 'marks after "Deny"');

  await settings.bringToFront();
  await answered(['Tab', 'Return'], `body[data-origins="${origin}"]`);
  await page.goto(origin);
  equal(await marks(), '24', 'marks after "Allow"');
  // The permission knows no port, the list does.
  await page.goto(other);
  equal(await marks(), null, 'marks on another port of that host');

  const permissions = () => settings.evaluate('chrome.permissions.getAll().then(({ origins }) => origins.join(" "))');
  equal(await permissions(), 'http://127.0.0.1/* http://localhost/* http://site.example/*', 'permissions');
  await settings.bringToFront();
  await settings.locator('#origins button').click();
  await settings.locator('body[data-origins=""]').waitFor({ state: 'attached' });
  equal(await permissions(), 'http://127.0.0.1/* http://localhost/*', 'permissions after the removal');
  await page.goto(origin);
  equal(await marks(), null, 'marks after the removal');
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
