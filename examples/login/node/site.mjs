// A site with card log-in: Node.js and openid-client.

import { randomBytes, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const ISSUER = 'http://localhost:47920/api/realms/main';
const SITE = 'http://127.0.0.1:47930';

// The key that proves to the provider that a request comes from this site.
const pem = readFileSync('../site-key.pem', 'utf8').replace(/-----.*-----/g, '');
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const key = await webcrypto.subtle.importKey('pkcs8', Buffer.from(pem, 'base64'), algorithm, false, ['sign']);

// The library refuses an issuer without TLS unless an option allows it. This one is on the same machine.
const provider = await oidc.discovery(
  new URL(ISSUER),
  'club',
  { id_token_signed_response_alg: 'ES256' },
  oidc.PrivateKeyJwt(key),
  { execute: [oidc.allowInsecureRequests] },
);

/** Session identifier -> what the site remembers. */
const sessions = new Map();

function begin(values) {
  // A limit, so that visitors can't fill the memory. The oldest session ends.
  if (sessions.size >= 1000) sessions.delete(sessions.keys().next().value);
  const id = randomBytes(32).toString('base64url');
  sessions.set(id, values);
  // The port is in the name, because all ports of a host share their cookies.
  return { id, cookie: `club_47930=${id}; Path=/; HttpOnly; SameSite=Lax` };
}

function sessionOf(request) {
  const cookies = (request.headers.cookie ?? '').split('; ').filter((one) => one.startsWith('club_47930='));
  return cookies.length === 1 ? cookies[0].split('=')[1] : undefined;
}

const escaped = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

async function logIn(response) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const { cookie } = begin({ verifier, state, nonce });
  const address = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: `${SITE}/callback`,
    scope: 'openid name',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  response.writeHead(303, { location: address.href, 'set-cookie': cookie }).end();
}

async function callback(request, response) {
  const id = sessionOf(request);
  const begun = sessions.get(id);
  // Once: an answer that comes a second time finds nothing.
  sessions.delete(id);
  if (!begun?.verifier) return page(response, 400, 'This log-in was not begun here.');
  // The library checks state, iss, the ID token's signature, iss, aud, exp, nonce, and exchanges the code.
  const tokens = await oidc.authorizationCodeGrant(provider, new URL(request.url, SITE), {
    pkceCodeVerifier: begun.verifier,
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    idTokenExpected: true,
  });
  const { sub } = tokens.claims();
  const person = await oidc.fetchUserInfo(provider, tokens.access_token, sub);
  // A new identifier, so that one that was planted before is worth nothing.
  const { cookie } = begin({ name: person.name });
  response.writeHead(303, { location: '/', 'set-cookie': cookie }).end();
}

function page(response, status, text) {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  });
  response.end(`<!DOCTYPE html><html lang="en"><title>The club</title><h1>The club</h1><p>${text}</p></html>`);
}

const server = createServer(async (request, response) => {
  try {
    const path = new URL(request.url, SITE).pathname;
    const person = sessions.get(sessionOf(request))?.name;
    if (path === '/log-in') await logIn(response);
    else if (path === '/callback') await callback(request, response);
    else if (path !== '/') page(response, 404, 'There is no such page.');
    else if (person) page(response, 200, `Welcome, ${escaped(person)}`);
    else page(response, 200, '<a href="/log-in">Log in with a card</a>');
  } catch (error) {
    // What the provider states of a refusal, or which check has failed.
    page(response, 403, `Not logged in: ${escaped(error.error_description ?? error.message)}`);
  }
});
server.listen(47930, '127.0.0.1', () => console.log(`The club is open at ${SITE}/`));
