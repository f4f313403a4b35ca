// What the log-ins by TLS client certificate share: a card, a server that asks for its certificate, and what the card was sent.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { equal } from './lib.mjs';

const VMYNA = process.env.VMYNA ?? '';

/** A card that is issued now, and a server that lets in whom its issuer has certified.
 * @param {import('./lib.mjs').Rig} rig @param {string} folder */
export async function prepare(rig, folder) {
  /** Runs a program that must succeed. @param {string} program @param {string[]} args */
  const done = async (program, args) => {
    const { status, output } = await rig.output(program, args, { cwd: folder });
    equal(status, 0, `${program} ${args.join(' ')}\n${output}`);
    return output;
  };

  await done(VMYNA, ['issue', '--random', '--seed', '11', '-o', 'card.vmyna']);
  const shown = JSON.parse(await done(VMYNA, ['show', 'card.vmyna', '--json']));
  await writeFile(join(folder, 'own'), `"$VMYNA" files card.vmyna jpki/000B --object >ca.der && openssl x509 -inform DER -in ca.der -out ca.pem`);
  await done('sh', ['own']);
  const key = (/** @type {string} */ file) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file];
  await done('openssl', ['req', '-x509', '-out', 'server-ca.pem', '-subj', '/CN=issuer of a test server', '-days', '2', ...key('server-ca.key')]);
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await done('openssl', ['req', '-out', 'server.csr', ...key('server.key'), ...name]);
  const issuer = ['-CA', 'server-ca.pem', '-CAkey', 'server-ca.key', '-CAcreateserial', '-copy_extensions', 'copy'];
  await done('openssl', ['x509', '-req', '-in', 'server.csr', '-out', 'server.pem', '-days', '2', ...issuer]);
  const port = await nginx(rig, folder);
  return { done, port, subject: shown.certificates.auth.subject };
}

/** Types a wrong PIN and the right one into the windows of this name, which the browser opens.
 * @param {import('./lib.mjs').Rig} rig @param {(...args: string[]) => Promise<string>} tool @param {string} name */
export async function typePins(rig, tool, name) {
  const find = async () => (await tool('search', '--onlyvisible', '--name', name)).match(/^\d+$/m)?.[0];
  for (const pin of ['9999', '1234']) {
    const window = await rig.until(find, `a window named ${name}`);
    await tool('windowfocus', '--sync', window);
    await tool('type', pin);
    await tool('key', 'Return');
    await rig.until(async () => (await find()) !== window, 'the window closes');
  }
}

/** Fails unless the auth PIN was sent twice, once wrong, and the password of the other key never.
 * @param {(program: string, args: string[]) => Promise<string>} done @param {string} trace */
export async function pinsAreVerified(done, trace) {
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
}

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
    set $known "$ssl_protocol $ssl_client_verify $ssl_client_s_dn";
    location / { default_type text/html; return 200 "<!doctype html><title>$known</title><p>$known</p>"; }
  }
}
`);
  const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  await rig.start(process.env.NGINX ?? 'nginx', args, { until: /getrlimit\(RLIMIT_NOFILE\)/ });
  return port;
}

async function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
