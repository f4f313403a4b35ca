// The portal with its identity provider, for the scripts that use both.

import { join } from 'node:path';

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
