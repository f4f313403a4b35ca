// oidc-provider with one person, who agrees to everything: a second implementation of what the portal talks to.
//
// Environment: REDIRECT_URI and KEYS (a file with the portal's public keys). Prints its issuer.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const ITEMS = {
  name: '見本　二郎',
  address: { formatted: '見本町一丁目' },
  birthdate: '1991-02-03',
  gender: 'male',
};

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://localhost:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'portal',
      redirect_uris: [process.env.REDIRECT_URI],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      id_token_signed_response_alg: 'ES256',
      jwks: JSON.parse(readFileSync(process.env.KEYS, 'utf8')),
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'second' }] },
  enabledJWA: {
    clientAuthSigningAlgValues: ['ES256'],
    idTokenSigningAlgValues: ['ES256'],
  },
  clientAuthMethods: ['private_key_jwt'],
  acrValues: ['aal3', 'crl'],
  scopes: ['openid', 'name', 'address', 'birthdate', 'gender'],
  claims: {
    openid: ['sub'],
    name: ['name'],
    address: ['address'],
    birthdate: ['birthdate'],
    gender: ['gender'],
    acr: null,
    auth_time: null,
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['a key of this test'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ITEMS }) }),
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid name address birthdate gender');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on('request', async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  const { params } = await provider.interactionDetails(request, response);
  const acr = params.acr_values.split(' ')[0];
  await provider.interactionFinished(request, response, { login: { accountId: 'second-person', acr } });
});
console.log(issuer);
// The test holds the other end.
process.stdin.resume().on('end', () => process.exit(0));
