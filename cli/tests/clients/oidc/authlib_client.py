"""Authlib as a relying party: ISSUER CLIENT KEY.jwk. Discovers, logs in, verifies the ID token, asks userinfo, refreshes."""

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import JWKRegistry, KeySet

ISSUER, CLIENT, FILE = sys.argv[1:]
REDIRECT = "http://127.0.0.1:3000/callback"


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, so that the callback's address is seen."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(Stay)


def asked(url, form=None):
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data, {"Origin": origin})
    try:
        return opener.open(request)
    except urllib.error.HTTPError as answer:
        return answer


def log_in(url):
    page = asked(url)
    action = urllib.parse.urljoin(url, "/api/realms/main/login")
    for answer in ({"action": "choose", "card": "0"}, {"action": "prove", "auth_pin": "1234", "input_assist_pin": "1234"}):
        token = re.search('name="transaction" value="([^"]+)"', page.read().decode()).group(1)
        page = asked(action, {"transaction": token, **answer})
    assert page.status == 303, page.status
    return page.headers["location"]


document = json.load(asked(ISSUER + "/.well-known/openid-configuration"))
with open(FILE, encoding="utf8") as file:
    key = JWKRegistry.import_key(json.load(file))
algorithm = "ES256" if key.key_type == "EC" else "RS256"
session = OAuth2Session(
    CLIENT,
    key,
    scope="openid name birthdate" if CLIENT == "shop" else "openid name",
    redirect_uri=REDIRECT,
    token_endpoint_auth_method="private_key_jwt",
    code_challenge_method="S256",
)
session.register_client_auth_method(PrivateKeyJWT(document["token_endpoint"], alg=algorithm))
nonce, verifier = "a nonce", "v" * 43
url, state = session.create_authorization_url(document["authorization_endpoint"], nonce=nonce, code_verifier=verifier)
answer = log_in(url)
tokens = session.fetch_token(document["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier)
keys = KeySet.import_key_set(json.load(asked(document["jwks_uri"])))
token = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
registry = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": CLIENT},
    nonce={"essential": True, "value": nonce},
)
registry.validate(token.claims)
print("verified", token.header["alg"])
info = session.get(document["userinfo_endpoint"]).json()
assert info["sub"] == token.claims["sub"]
print(info["name"], info.get("birthdate"))
again = session.refresh_token(document["token_endpoint"])
print("refreshed", again["access_token"] != tokens["access_token"])
