"""Which tokens of an issuer hold, and what they say: each way of cheating that is known is tried."""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from domain.vocabulary import Role, Scope
from tests.issuer import AUDIENCE, Issuer, ec_key, okp_key, part, rsa_key, sealed, serving_issuer
from transport.identity.local_tokens import issue
from transport.identity.oidc import IssuerTokens, tokens_of
from transport.identity.tokens import BadToken, Claims
from transport.settings.oidc import OidcSettings

ROLES = {"petugas": Role.RESPONDER, "admin-kota": Role.ADMIN}


@pytest.fixture(scope="module")
def shared() -> Iterator[Issuer]:
    with serving_issuer() as made:
        yield made


def standing() -> list[dict[str, Any]]:
    return [public(each) for each in (rsa_key(), ec_key(), okp_key())]


@pytest.fixture
def issuer(shared: Issuer) -> Issuer:
    shared.keys = standing()
    return shared


async def says(issuer: Issuer, token: str, **settings: Any) -> Claims:
    """What the hub reads; one that knows the standing keys already, where neither they nor the settings are others."""
    known = not settings and issuer.keys == standing()
    tokens = (
        _knowing(issuer.url) if known else tokens_of(OidcSettings(issuer.url, AUDIENCE, **{"roles": ROLES} | settings))
    )
    return await tokens.verify(token)


@cache
def _knowing(url: str) -> IssuerTokens:
    return tokens_of(OidcSettings(url, AUDIENCE, roles=ROLES))


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "Ed25519")


@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_asymmetric_signatures_hold(issuer: Issuer, alg: str) -> None:
    assert (await says(issuer, issuer.token(alg))).subject == "u-1"


@pytest.mark.parametrize(("alg", "curve"), [("ES384", "P-384"), ("ES512", "P-521")])
async def test_larger_curves_hold_too(issuer: Issuer, alg: str, curve: str) -> None:
    key = ec_key("big", curve)
    issuer.keys.append(public(key))
    assert (await says(issuer, issuer.token(alg, key))).subject == "u-1"


async def test_it_says_who_came(issuer: Issuer) -> None:
    told = {"role": "petugas", "agency": "tata_air", "name": "Sari", "scope": "openid reports:read email"}
    claims = await says(issuer, issuer.token(aud=["other", AUDIENCE], header={"typ": "at+JWT"}, **told))
    assert (claims.issuer, claims.subject, claims.token_id) == (issuer.url, "u-1", "t-1")
    assert (claims.role, claims.agency, claims.name) == (Role.RESPONDER, "tata_air", "Sari")
    assert claims.scopes == {Scope.REPORTS_READ}


@pytest.mark.parametrize(
    ("told", "role"),
    [
        ("admin-kota", Role.ADMIN),
        ("dispatcher", Role.DISPATCHER),
        (["offline_access", "petugas", "admin-kota"], Role.ADMIN),
        (["citizen", "partner"], Role.PARTNER),
        (["unknown"], Role.CITIZEN),
        ("ANONYMOUS", Role.CITIZEN),
        ({"admin": True}, Role.CITIZEN),
        ([["admin"], 7, None], Role.CITIZEN),
        (None, Role.CITIZEN),
    ],
)
async def test_roles_are_the_mightiest_that_is_named(issuer: Issuer, told: Any, role: Role) -> None:
    assert (await says(issuer, issuer.token(role=told))).role is role


async def test_claims_are_found_by_name_or_by_path(issuer: Issuer) -> None:
    token = issuer.token(
        **{"https://simpul.example/agency": "dishub", "realm_access": {"roles": ["petugas"]}, "realm": "admin-kota"}
    )
    claims = await says(
        issuer, token, role_claim="realm_access.roles", agency_claim="https://simpul.example/agency", name_claim="a.b"
    )
    assert (claims.role, claims.agency, claims.name) == (Role.RESPONDER, "dishub", None)
    assert (await says(issuer, token, role_claim="realm.roles")).role is Role.CITIZEN


async def test_clocks_may_disagree_a_little(issuer: Issuer) -> None:
    now = int(time.time())
    for changes in ({"exp": now - 20, "iat": now - 100}, {"iat": now + 20}, {"nbf": now + 20}):
        assert (await says(issuer, issuer.token(**changes))).subject == "u-1"
        with pytest.raises(BadToken):
            await says(issuer, issuer.token(**changes), leeway=5)


CLAIMS: dict[str, Callable[[Issuer], dict[str, Any]]] = {
    "another issuer": lambda i: {"iss": "https://evil.example"},
    "an issuer with a slash more": lambda i: {"iss": i.url + "/"},
    "no issuer": lambda i: {"iss": None},
    "a list of issuers": lambda i: {"iss": [i.url]},
    "another audience": lambda i: {"aud": "simpul-staging"},
    "part of an audience": lambda i: {"aud": "xsimpulx"},
    "no audience": lambda i: {"aud": None},
    "audiences without ours": lambda i: {"aud": ["simpul-staging"]},
    "an audience by name": lambda i: {"aud": {"simpul": True}},
    "run out": lambda i: {"exp": int(time.time()) - 31},
    "no end": lambda i: {"exp": None},
    "no beginning": lambda i: {"iat": None},
    "from the future": lambda i: {"iat": int(time.time()) + 40, "exp": int(time.time()) + 60},
    "not yet": lambda i: {"nbf": int(time.time()) + 40},
    "an end in words": lambda i: {"exp": "2099-01-01"},
    "an end that is true": lambda i: {"exp": True},
    "an end that is no number": lambda i: {"exp": float("nan")},
    "no end at all": lambda i: {"exp": float("inf")},
    "a huge end": lambda i: {"exp": 10**400},
    "a begin that is no number": lambda i: {"nbf": "soon"},
    "a life of a year": lambda i: {"exp": int(time.time()) + 366 * 86_400},
    "issued before there were clocks": lambda i: {"iat": -(10**15)},
    "nobody's": lambda i: {"sub": None},
    "an empty name": lambda i: {"sub": ""},
    "a number for a name": lambda i: {"sub": 7},
    "a name of a thousand letters": lambda i: {"sub": "u" * 1_000},
    "a name that no store takes": lambda i: {"sub": "u\0"},
    "an agency of a thousand letters": lambda i: {"agency": "a" * 1_000},
    "a half of a letter for a name": lambda i: {"name": "\ud800"},
    "an id of a thousand letters": lambda i: {"jti": "j" * 1_000},
    "ten thousand letters": lambda i: {"filler": "x" * 10_000},
}


@pytest.mark.parametrize("case", CLAIMS)
async def test_claims_that_do_not_hold(issuer: Issuer, case: str) -> None:
    assert (await says(issuer, issuer.token())).subject == "u-1"
    with pytest.raises(BadToken) as refused:
        await says(issuer, issuer.token(**CLAIMS[case](issuer)))
    assert len(str(refused.value)) < 200 and issuer.url not in str(refused.value)


async def test_an_expired_token_is_told_from_others(issuer: Issuer) -> None:
    with pytest.raises(BadToken, match="expired") as refused:
        await says(issuer, issuer.token(exp=int(time.time()) - 60, iat=int(time.time()) - 100))
    assert refused.value.expired


def _shared_secret(issuer: Issuer, secret: bytes) -> str:
    told = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(issuer.claims())}"
    return f"{told}.{part(hmac.digest(secret, told.encode(), 'sha256'))}"


def _spoiled(token: str, at: int) -> str:
    parts = token.split(".")
    first = "A" if parts[at][0] != "A" else "B"
    parts[at] = first + parts[at][1:]
    return ".".join(parts)


FORGED: dict[str, Callable[[Issuer], str]] = {
    "no signature": lambda i: sealed({"alg": "none"}, i.claims(), None),
    "no signature, spelt oddly": lambda i: sealed({"alg": "nOnE"}, i.claims(), None),
    "no signature under a known name": lambda i: sealed({"alg": "ES256", "kid": "ec"}, i.claims(), None),
    "the public key as a secret (PEM)": lambda i: _shared_secret(i, rsa_key().as_pem(private=False)),
    "the public key as a secret (JWK)": lambda i: _shared_secret(i, json.dumps(public(rsa_key())).encode()),
    "a secret that is known": lambda i: _shared_secret(i, b"secret" * 8),
    "the hub's own key": lambda i: issue(b"k" * 32, role=Role.ADMIN),
    "a key of nobody's": lambda i: i.token("ES256", ECKey.generate_key("P-256", {"kid": "mine"})),
    "another's key under a known name": lambda i: i.token("ES256", ECKey.generate_key("P-256", {"kid": "ec"})),
    "a known key under another's name": lambda i: i.token("ES256", header={"kid": "rsa"}),
    "a key that the token brings": lambda i: i.token(
        "ES256", ECKey.generate_key("P-256"), header={"jwk": public(ec_key("mine")), "kid": None}
    ),
    "a key at an address that the token names": lambda i: i.token(
        "ES256", ECKey.generate_key("P-256"), header={"jku": i.url + "/elsewhere", "kid": "mine"}
    ),
    "no name of a key": lambda i: i.token("ES256", header={"kid": None}),
    "a number for a name": lambda i: i.token("ES256", header={"kid": 7}),
    "a list of algorithms": lambda i: sealed({"alg": ["ES256"], "kid": "ec"}, i.claims(), ec_key(), "ES256"),
    "an algorithm of another kind": lambda i: sealed({"alg": "RS256", "kid": "ec"}, i.claims(), ec_key(), "ES256"),
    "a curve of another algorithm": lambda i: sealed({"alg": "ES384", "kid": "ec"}, i.claims(), ec_key(), "ES256"),
    "secp256k1": lambda i: i.token("ES256K", ECKey.generate_key("secp256k1", {"kid": "ec"})),
    "an extension that must be understood": lambda i: i.token("ES256", header={"crit": ["exp"], "exp": 1}),
    "an empty list of extensions": lambda i: i.token("ES256", header={"crit": []}),
    "a payload that is not encoded": lambda i: i.token("ES256", header={"b64": False}),
    "a token to sign out with": lambda i: i.token("ES256", header={"typ": "logout+jwt"}),
    "a proof of possession": lambda i: i.token("ES256", header={"typ": "dpop+jwt"}),
    "a type that is no text": lambda i: i.token("ES256", header={"typ": {}}),
    "another payload": lambda i: i.token("ES256").replace(part(i.claims()), part(i.claims(role="admin"))),
    "a changed header": lambda i: _spoiled(i.token(), 0),
    "a changed payload": lambda i: _spoiled(i.token(), 1),
    "a changed signature": lambda i: _spoiled(i.token(), 2),
    "half a signature": lambda i: i.token()[:-20],
    "two parts": lambda i: i.token().rpartition(".")[0],
    "five parts": lambda i: i.token() + ".a.b",
    "a list for a header": lambda i: f"{part([1])}.{part(i.claims())}.",
    "a list for claims": lambda i: sealed({"alg": "ES256", "kid": "ec"}, [1], ec_key()),
    "no JSON for claims": lambda i: sealed({"alg": "ES256", "kid": "ec"}, b"\xff\xfe", ec_key()),
    "a header a thousand deep": lambda i: f"{part(b'[' * 5_000)}.{part(i.claims())}.",
    "nothing": lambda i: "",
    "dots": lambda i: "..",
    "other letters": lambda i: "ключ.ключ.ключ",
    "half of a letter": lambda i: "\ud800.a.b",
    "nine thousand letters": lambda i: "a" * 9_000,
}


@pytest.mark.parametrize("case", FORGED)
async def test_forged_tokens_do_not_hold(issuer: Issuer, case: str) -> None:
    token = FORGED[case](issuer)
    before = issuer.asked["/elsewhere"]
    with pytest.raises(BadToken):
        await says(issuer, token)
    assert issuer.asked["/elsewhere"] == before


USELESS: dict[str, Callable[[], tuple[str, Any, dict[str, Any]]]] = {
    "for encryption": lambda: ("ES256", ec_key("k"), public(ec_key("k"), use="enc")),
    "for other operations": lambda: ("ES256", ec_key("k"), public(ec_key("k"), key_ops=["deriveKey"])),
    "for another algorithm": lambda: ("PS256", rsa_key("k"), public(rsa_key("k"), alg="RS256")),
    "whose secret is out": lambda: ("ES256", ec_key("k"), ec_key("k").as_dict(private=True)),
    "with a part missing": lambda: ("ES256", ec_key("k"), {**public(ec_key("k")), "x": None}),
    "of an unknown kind": lambda: ("ES256", ec_key("k"), public(ec_key("k"), kty="LATTICE")),
}


@pytest.mark.parametrize("case", USELESS)
async def test_keys_that_prove_nothing(issuer: Issuer, case: str) -> None:
    alg, key, listed = USELESS[case]()
    issuer.keys = [public(okp_key()), listed]
    token = issuer.token(alg, key)
    with pytest.raises(BadToken):
        await says(issuer, token)
    issuer.keys = [public(okp_key()), public(key)]
    assert (await says(issuer, token)).subject == "u-1"


@pytest.mark.filterwarnings("ignore:Key size should be")
async def test_weak_keys_and_shared_secrets_prove_nothing(issuer: Issuer) -> None:
    weak = RSAKey.generate_key(1024, {"kid": "weak"})
    secret = OctKey.import_key(b"s" * 32, {"kid": "secret"})
    issuer.keys = [public(weak), secret.as_dict(private=True)]
    for token in (issuer.token("RS256", weak), sealed({"alg": "HS256", "kid": "secret"}, issuer.claims(), secret)):
        with pytest.raises(BadToken):
            await says(issuer, token)


async def test_two_keys_of_one_name_are_none(issuer: Issuer) -> None:
    issuer.keys = [public(ec_key("same")), public(okp_key()), public(ECKey.generate_key("P-256", {"kid": "same"}))]
    with pytest.raises(BadToken):
        await says(issuer, issuer.token("ES256", ec_key("same")))
    assert (await says(issuer, issuer.token("EdDSA"))).subject == "u-1"


async def test_a_token_without_a_name_of_a_key_holds_where_there_is_but_one(issuer: Issuer) -> None:
    issuer.keys = [{name: value for name, value in public(ec_key()).items() if name != "kid"}]
    assert (await says(issuer, issuer.token("ES256", header={"kid": None}))).subject == "u-1"
