// OpenSC's programs use the card in the page's reader while the page shows it: log-in, a wrong PIN, the card pulled out, a
// fault at a signature.
import { assert, equal, run } from './lib.mjs';
import { FIRST, environment, line, lines, open, putIn, reader, stars } from './desk.mjs';

await run(async (rig) => {
  const module = process.env.OPENSC_MODULE ?? '';
  const desk = await rig.desk();
  const page = await open(rig, desk);
  await putIn(page, 'specimen:hanako');
  const env = await environment(page);
  const pkcs11 = (/** @type {string[]} */ ...args) =>
    rig.output('pkcs11-tool', ['--module', module, '--slot-index', '0', ...args], { env });

  const login = await pkcs11('--login', '--pin', '1234', '--list-objects', '--type', 'privkey');
  equal(login.status, 0, `pkcs11-tool --login\n${login.output}`);
  await line(page, /VERIFY/)
    .filter({ hasText: '9000' })
    .first()
    .waitFor();
  await line(page, /SELECT/)
    .first()
    .waitFor();
  const shown = await page.locator('#trace').innerHTML();
  assert(!shown.includes('31323334'), 'the PIN is on the page');
  assert(
    (await lines(page)).some((text) => text.includes('••••')),
    'a PIN is shown as dots',
  );

  equal(await stars(page, 'auth'), 3, 'stars at first');
  const wrong = await pkcs11('--login', '--pin', '9999', '--list-objects');
  assert(wrong.status !== 0, 'a wrong PIN logs in');
  await line(page, '63C2').first().waitFor();
  await rig.until(async () => (await stars(page, 'auth')) === 2, 'one star less');
  const again = await pkcs11('--login', '--pin', '1234', '--list-objects');
  equal(again.status, 0, 'pkcs11-tool with the right PIN again');
  await rig.until(async () => (await stars(page, 'auth')) === 3, 'all stars back');

  // A program that holds the card when it is pulled out.
  const explorer = await rig.start('opensc-explorer', [], { env, input: true });
  await explorer.printed(/OpenSC \[.*\]>/);
  await reader(page, FIRST).getByText('1 program').waitFor();
  await reader(page, FIRST).getByRole('button', { name: 'Take out' }).click();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
  explorer.type('apdu 00A4040C0AD392F000260100000001\n');
  await explorer.printed(/[Cc]ard (was )?removed|removed|not present|error/i);
  await explorer.stop();
  await line(page, /removed|taken out|pulled/i)
    .first()
    .waitFor();

  await putIn(page, 'specimen:hanako');
  await page
    .locator(`[id="arm-${FIRST}"]`)
    .selectOption({ label: 'pull the card out at the next signature, before it is made' });
  await reader(page, FIRST).getByText('armed').waitFor();
  const directory = await rig.directory();
  const sign = ['--login', '--pin', '1234', '--sign', '--id', '01', '--mechanism', 'SHA256-RSA-PKCS'];
  const files = ['--input-file', '/proc/self/comm', '--output-file', `${directory}/signature`];
  const signed = await pkcs11(...sign, ...files);
  assert(signed.status !== 0, `a signature without a card:\n${signed.output}`);
  await reader(page, FIRST).getByText('has fired').waitFor();
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
  await reader(page, FIRST)
    .getByRole('button', { name: /^Remove: / })
    .click();
  await reader(page, FIRST).getByText('has fired').waitFor({ state: 'detached' });
});
