// Log-in by TLS client certificate in Chromium itself: no extension, OpenSC's PKCS#11 module, and the card of `vmyna run`.
//
// The PIN is asked for in a window of the browser, which no headless browser shows: this script has a screen of its own.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { equal, run, PATIENCE } from './lib.mjs';
import { pinsAreVerified, prepare, typePins } from './tls.mjs';

const VMYNA = process.env.VMYNA ?? '';
const MODULE = process.env.MODULE ?? '';

await run(async (rig) => {
  const folder = await rig.directory();
  const { done, subject, port } = await prepare(rig, folder);

  // The browser's database of modules, in a home folder of the test's own.
  const home = join(folder, 'home');
  const database = `sql:${join(home, '.pki/nssdb')}`;
  await mkdir(join(home, '.pki/nssdb'), { recursive: true });
  await done('certutil', ['-N', '-d', database, '--empty-password']);
  await done('modutil', ['-force', '-dbdir', database, '-add', 'opensc', '-libfile', MODULE]);

  const screen = await rig.screen();
  const env = { ...screen.env, HOME: home };
  const { tool } = screen;
  // The browser with the card: what `vmyna run` starts sees the reader.
  const trace = join(folder, 'trace.pcapng');
  const wrapper = join(folder, 'browser');
  await writeFile(wrapper, `#!/bin/sh\nexec "$VMYNA" run --card ${folder}/card.vmyna --trace ${trace} -- "$CHROMIUM" "$@"\n`);
  await chmod(wrapper, 0o755);
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: wrapper,
    headless: false,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    // The server's certificate is the test's own; the client's is what this is about.
    ignoreHTTPSErrors: true,
    env,
    timeout: PATIENCE,
  });
  rig.context = context;
  const page = context.pages()[0] ?? (await context.newPage());
  const visit = page.goto(`https://localhost:${port}/`);
  // It rejects if the script fails before it is waited for.
  visit.catch(() => {});

  // A wrong PIN costs a try, and the browser asks again.
  await typePins(rig, tool, 'Unlock Security Device');
  // The person chooses the certificate: the list is part of the browser's window and has no name to wait for.
  let isThere = false;
  visit.then(() => (isThere = true));
  await rig.until(async () => {
    if (!isThere) await tool('key', 'Return');
    return isThere;
  }, 'the page');
  await visit;
  const text = await page.locator('body').innerText();
  equal(text.trim(), `TLSv1.2 SUCCESS ${subject}`, 'what the server knows of the client');

  await context.close();
  rig.context = undefined;
  await pinsAreVerified(done, trace);
});
