// openid-client of npm as a relying party: ISSUER CLIENT KEY.jwk. It discovers, logs in, checks the ID token's signature too,
// asks userinfo, refreshes, and lets the card sign.
import { createHash, randomBytes, X509Certificate, createVerify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import { login } from './login.mjs';

const [issuer, id, file] = process.argv.slice(2);
const REDIRECT = 'http://127.0.0.1:3000/callback';
const jwk = JSON.parse(await readFile(file, 'utf8'));
const algorithm =
  jwk.kty === 'EC' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
const authentication = client.PrivateKeyJwt({ key, kid: jwk.kid });
const options = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
const config = await client.discovery(new URL(issuer), id, undefined, authentication, options);

/** @param {Record<string, string>} parameters */
async function tokens(parameters) {
  const verifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    acr_values: 'aal3 crl',
    max_age: '60',
    ...parameters,
  });
  const callback = new URL(await login(url));
  const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, maxAge: 60, idTokenExpected: true };
  return client.authorizationCodeGrant(config, callback, checks);
}

const first = await tokens({ scope: 'openid name address birthdate gender' });
const claims = first.claims();
if (!claims) throw new Error('no ID token');
console.log(`iss ${claims.iss === issuer}, aud ${claims.aud === id}, acr ${claims.acr}`);
const info = await client.fetchUserInfo(config, first.access_token, claims.sub);
console.log(`${info.name}, ${info.birthdate}, ${info.gender}, ${info.address?.formatted?.slice(0, 6)}`);
const second = await client.refreshTokenGrant(config, first.refresh_token ?? '');
console.log(`refreshed ${second.claims()?.sub === claims.sub}`);

const own = await client.clientCredentialsGrant(config, { scope: 'sign' });
const document = randomBytes(100);
const digest = createHash('sha256').update(document).digest();
const info256 = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
const api = new URL('/api/sign-transactions', issuer);
const announced = await fetch(api, {
  method: 'POST',
  headers: { authorization: `Bearer ${own.access_token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ digest: info256.toString('base64') }),
});
const { sign_transaction_id } = await announced.json();
const third = await tokens({ scope: 'openid sign', sign_transaction_id });
const result = await fetch(`${api}/${sign_transaction_id}/result`, {
  headers: { authorization: `Bearer ${third.access_token}` },
});
const { signature, certificate } = await result.json();
const signer = new X509Certificate(Buffer.from(certificate, 'base64'));
const verified = createVerify('SHA256').update(document).verify(signer.publicKey, signature, 'base64');
console.log(`signed ${verified}`);
