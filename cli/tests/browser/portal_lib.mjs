// The portal with its identity provider, for the scripts that use both.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { equal } from './lib.mjs';

/** Starts both. `card` names the card or cards once the portal runs.
 * @param {import('./lib.mjs').Rig} rig @param {(env: Record<string, string>) => Promise<string | string[]>} card
 * @param {Record<string, string>} more variables of their environment
 * @returns {Promise<{origin: string, env: Record<string, string>}>} the portal's origin, and the environment of both */
export async function portal(rig, card, more = {}) {
  const folder = await rig.directory();
  const env = { VMYNA_REGISTER: join(folder, 'register'), XDG_STATE_HOME: join(folder, 'state'), ...more };
  // Each has to know the other's address: a free port is named to the portal first, and the provider then takes it.
  const args = ['portal', '--listen', '127.0.0.1:0'];
  const probe = await rig.vmyna([...args, '--state', 'probe'], /at http:\/\/127\.0\.0\.1:(\d+)/, env);
  const port = probe.found[1];
  await probe.stop();
  const issuer = `http://localhost:${port}/api/realms/main`;
  const started = await rig.vmyna(
    [...args, '--issuer', issuer],
    /at (http:\/\/127\.0\.0\.1:\d+)\/[^]*provider: (\S+)/,
    env,
  );
  const [, origin, clients] = started.found;
  const provider = ['idp', '--listen', `localhost:${port}`, '--clients', clients].concat(await card(env));
  await rig.vmyna(provider, /identity provider (\S+)/, env);
  return { origin, env };
}

/** @typedef {(...args: string[]) => Promise<string>} Vmyna runs the command, which must succeed; the output */

/** Starts both, and issues card.vmyna to a person once the portal runs: its authority then has a generation that the portal
 * learns of. `cards` does more with the card and names those of the provider.
 * @param {import('./lib.mjs').Rig} rig @param {string} person a person file
 * @param {(vmyna: Vmyna) => Promise<string | string[]>} cards
 * @returns {Promise<{origin: string, env: Record<string, string>, vmyna: Vmyna}>} */
export async function portalOf(rig, person, cards) {
  const folder = await rig.directory();
  /** @type {Record<string, string>} */
  let env = {};
  /** @type {Vmyna} */
  const vmyna = async (...args) => {
    const { status, output } = await rig.output(String(process.env.VMYNA), args, { env });
    equal(status, 0, `vmyna ${args.join(' ')}: ${output}`);
    return output;
  };
  const both = await portal(rig, async (of_both) => {
    env = of_both;
    await writeFile(join(folder, 'person.toml'), person);
    await vmyna('issue', 'person.toml', '-o', 'card.vmyna');
    return cards(vmyna);
  });
  return { ...both, vmyna };
}
