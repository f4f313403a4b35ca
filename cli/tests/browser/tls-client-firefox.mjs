// Log-in by TLS client certificate in Firefox itself, with OpenSC's PKCS#11 module and the card of `vmyna run`.
//
// The PIN is asked for in a window of the browser, so this script has a screen of its own. Nothing drives the browser: the
// page's title, which the server makes, is that of the window.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './lib.mjs';
import { pinsAreVerified, prepare, typePins } from './tls.mjs';

const MODULE = process.env.MODULE ?? '';
const PREFERENCES = {
  'security.default_personal_cert': 'Select Automatically',
  'browser.aboutwelcome.enabled': false,
  'browser.preonboarding.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'termsofuse.bypassNotification': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'services.settings.server': 'data:,none',
  'app.update.enabled': false,
};

await run(async (rig) => {
  const folder = await rig.directory();
  const { done, subject, port } = await prepare(rig, folder);

  // The profile has the module and trusts the server.
  const profile = join(folder, 'profile');
  const database = `sql:${profile}`;
  await mkdir(profile);
  await done('certutil', ['-N', '-d', database, '--empty-password']);
  await done('certutil', ['-A', '-d', database, '-n', 'server', '-t', 'C,,', '-i', 'server-ca.pem']);
  await done('modutil', ['-force', '-dbdir', database, '-add', 'opensc', '-libfile', MODULE]);
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  await writeFile(join(profile, 'user.js'), lines.join('\n'));

  const { env, tool } = await rig.screen();
  const trace = join(folder, 'trace.pcapng');
  const browser = [process.env.FIREFOX ?? 'firefox-esr', '--no-remote', '--profile', profile, `https://localhost:${port}/`];
  const card = ['run', '--card', join(folder, 'card.vmyna'), '--trace', trace, '--'];
  const firefox = await rig.start(process.env.VMYNA ?? '', [...card, ...browser], { env });

  // A wrong PIN costs a try, and the browser asks again.
  await typePins(rig, tool, 'Password Required');
  const title = `TLSv1.2 SUCCESS ${subject}`;
  await rig.until(() => tool('search', '--onlyvisible', '--name', title), `a page with the title ${title}`);
  await firefox.stop();
  await pinsAreVerified(done, trace);
});
