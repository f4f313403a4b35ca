// Log-in by TLS client certificate in Chromium itself: no extension, OpenSC's PKCS#11 module, and the card of `vmyna run`.
//
// The PIN is asked for in a window of the browser, which no headless browser shows: this script has a screen of its own.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { assert, equal, run, PATIENCE } from './lib.mjs';

const VMYNA = process.env.VMYNA ?? '';
const MODULE = process.env.MODULE ?? '';

await run(async (rig) => {
  const folder = await rig.directory();
  /** Runs a program that must succeed. @param {string} program @param {string[]} args */
  const done = async (program, args) => {
    const { status, output } = await rig.output(program, args, { cwd: folder });
    equal(status, 0, `${program} ${args.join(' ')}\n${output}`);
    return output;
  };

  // A card that is issued now, the certificate of its issuer, and a server that lets in whom that has certified.
  await done(VMYNA, ['issue', '--random', '--seed', '11', '-o', 'card.vmyna']);
  const shown = JSON.parse(await done(VMYNA, ['show', 'card.vmyna', '--json']));
  await writeFile(join(folder, 'own'), `"$VMYNA" files card.vmyna jpki/000B --object >ca.der && openssl x509 -inform DER -in ca.der -out ca.pem`);
  await done('sh', ['own']);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  await done('openssl', ['req', '-x509', '-out', 'server.pem', ...key, ...name]);
  const port = await nginx(rig, folder);

  // The browser's database of modules, in a home folder of the test's own.
  const home = join(folder, 'home');
  const database = `sql:${join(home, '.pki/nssdb')}`;
  await mkdir(join(home, '.pki/nssdb'), { recursive: true });
  await done('certutil', ['-N', '-d', database, '--empty-password']);
  await done('modutil', ['-force', '-dbdir', database, '-add', 'opensc', '-libfile', MODULE]);

  const screen = await rig.screen();
  const env = { ...screen.env, HOME: home };
  const { tool } = screen;
  /** The visible window of this name. @param {string} name */
  const find = async (name) => (await tool('search', '--onlyvisible', '--name', name)).match(/^\d+$/m)?.[0];
  const press = (/** @type {string} */ keys) => tool('key', keys);

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
  for (const pin of ['9999', '1234']) {
    const name = 'Unlock Security Device';
    const window = await rig.until(() => find(name), `a window named ${name}`);
    await tool('windowfocus', '--sync', window);
    await tool('type', pin);
    await press('Return');
    await rig.until(async () => (await find(name)) !== window, 'the window closes');
  }
  // The person chooses the certificate: the list is part of the browser's window and has no name to wait for.
  let isThere = false;
  visit.then(() => (isThere = true));
  await rig.until(async () => {
    if (!isThere) await press('Return');
    return isThere;
  }, 'the page');
  await visit;
  const text = await page.locator('body').innerText();
  const { subject } = shown.certificates.auth;
  equal(text.trim(), `TLSv1.2 SUCCESS ${subject}`, 'what the server knows of the client');

  await context.close();
  rig.context = undefined;
  // What the card was sent: the auth PIN twice, never the password of the other key.
  const told = await done(VMYNA, ['trace', 'show', trace]);
  const commands = told.split(/^(?=#\d+ >>)/m);
  const verified = commands.filter((command) => /^#\d+ >> \(4\+\d+\) 002000.. \d/.test(command));
  equal(
    verified.map((command) => [command.match(/\(4\+(\d+)\)/)?.[1], command.match(/µs (\w+)/)?.[1]]),
    [['4', '63C2'], ['4', '9000']],
    'PINs that were sent, by length and answer',
  );
  const pins = JSON.parse(await done(VMYNA, ['pin', 'card.vmyna', '--json'])).pins;
  const tries = (/** @type {string} */ ef) => pins.find((/** @type {any} */ pin) => pin.ef === ef).tries_left;
  equal([tries('0018'), tries('001B')], [3, 5], 'tries left');
});

/** nginx on a free port of this machine, which asks for a client certificate. @param {any} rig @param {string} folder */
async function nginx(rig, folder) {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  await writeFile(join(folder, 'nginx.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log stderr info;
events { }
http {
  access_log off; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_protocols TLSv1.2;
    ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
    ssl_client_certificate ${folder}/ca.pem; ssl_verify_client on;
    location / { default_type text/plain; return 200 "$ssl_protocol $ssl_client_verify $ssl_client_s_dn"; }
  }
}
`);
  const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  await rig.start(process.env.NGINX ?? 'nginx', args, { until: /getrlimit\(RLIMIT_NOFILE\)/ });
  return port;
}

async function freePort() {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
