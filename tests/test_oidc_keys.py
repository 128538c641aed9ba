"""When the issuer's keys are fetched, when they are not, and what holds while he does not answer."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.issuer import (
    AUDIENCE,
    DISCOVERY,
    ELSEWHERE,
    HUGE,
    KEYS,
    Issuer,
    ec_key,
    okp_key,
    rsa_key,
    sealed,
    serving_issuer,
)
from transport.identity import oidc_fetch
from transport.identity.oidc import IssuerTokens
from transport.identity.oidc_fetch import IssuerSite
from transport.identity.oidc_keys import IssuerKeys
from transport.identity.tokens import BadToken, KeysUnavailable
from transport.settings.oidc import OidcSettings, is_trustworthy

STALE, REFETCH = 1_000.0, 10.0


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving_issuer() as made:
        yield made


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(issuer: Issuer, clock: Clock) -> IssuerTokens:
    settings = OidcSettings(issuer.url, AUDIENCE, refetch_seconds=REFETCH, stale_seconds=STALE)
    fetch = IssuerSite(issuer.url).keys
    keys = IssuerKeys(fetch, refetch_seconds=REFETCH, stale_seconds=STALE, clock=clock)
    return IssuerTokens(settings, keys)


def listed(*keys: Any) -> list[dict[str, Any]]:
    return [key.as_dict(private=False) for key in keys]


async def holds(tokens: IssuerTokens, token: str) -> bool:
    try:
        await tokens.verify(token)
    except BadToken:
        return False
    return True


async def test_fifty_requests_at_once_share_one_fetch(issuer: Issuer, tokens: IssuerTokens) -> None:
    issuer.go_on.clear()
    token = issuer.token()
    asking = [asyncio.create_task(holds(tokens, token)) for _ in range(50)]
    await asyncio.to_thread(issuer.reached.wait, 30)
    issuer.go_on.set()
    assert all(await asyncio.gather(*asking))
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


async def test_one_who_leaves_takes_the_fetch_from_nobody(issuer: Issuer, tokens: IssuerTokens) -> None:
    issuer.go_on.clear()
    first, second = (asyncio.create_task(holds(tokens, issuer.token())) for _ in range(2))
    await asyncio.to_thread(issuer.reached.wait, 30)
    first.cancel()
    issuer.go_on.set()
    assert await second
    assert issuer.asked[KEYS] == 1


async def test_a_new_key_is_found_when_it_is_shown(issuer: Issuer, tokens: IssuerTokens, clock: Clock) -> None:
    issuer.keys = listed(ec_key())
    assert await holds(tokens, issuer.token())
    issuer.keys = listed(ec_key(), okp_key())
    clock.now += REFETCH
    assert await holds(tokens, issuer.token("EdDSA")) and issuer.asked[KEYS] == 2


async def test_junk_does_not_make_the_hub_hammer_the_issuer(issuer: Issuer, tokens: IssuerTokens, clock: Clock) -> None:
    assert await holds(tokens, issuer.token())
    clock.now += REFETCH
    for number in range(200):
        assert not await holds(tokens, issuer.token(header={"kid": f"junk-{number}"}))
    assert issuer.asked[KEYS] == 2
    for alg in ("none", "HS256"):
        clock.now += REFETCH
        assert not await holds(tokens, sealed({"alg": alg, "kid": "junk"}, issuer.claims(), ec_key(), "ES256"))
    assert issuer.asked[KEYS] == 2
    assert await holds(tokens, issuer.token())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 300),
        ("public, max-age=600", 600),
        ("max-age=0", 60),
        ("no-store", 60),
        ("max-age=31536000", 3_600),
        ("s-maxage=5, max-age=900", 900),
        ("max-age=-5", 300),
        ("max-age=forever", 300),
    ],
)
async def test_keys_are_kept_as_long_as_he_says_within_bounds(
    issuer: Issuer, tokens: IssuerTokens, clock: Clock, said: str, seconds: float
) -> None:
    issuer.cache_control = said
    assert await holds(tokens, issuer.token())
    clock.now += seconds - 0.5
    assert await holds(tokens, issuer.token()) and issuer.asked[KEYS] == 1
    clock.now += 1
    assert await holds(tokens, issuer.token()) and issuer.asked[KEYS] == 2


async def test_a_key_that_is_gone_proves_nothing_once_keys_are_read_again(
    issuer: Issuer, tokens: IssuerTokens, clock: Clock
) -> None:
    assert await holds(tokens, issuer.token())
    issuer.keys = listed(rsa_key())
    assert await holds(tokens, issuer.token())
    clock.now += 300
    assert not await holds(tokens, issuer.token())


async def test_known_keys_hold_on_while_he_does_not_answer(issuer: Issuer, tokens: IssuerTokens, clock: Clock) -> None:
    assert await holds(tokens, issuer.token())
    issuer.quirk = "error"
    clock.now += 300 + STALE - 1
    assert await holds(tokens, issuer.token()) and issuer.asked[DISCOVERY] == 2
    for _ in range(20):
        assert await holds(tokens, issuer.token())
    assert issuer.asked[DISCOVERY] == 2
    with pytest.raises(KeysUnavailable):
        await tokens.verify(issuer.token(header={"kid": "new, or junk: nobody can tell"}))
    clock.now += 1
    with pytest.raises(KeysUnavailable) as refused:
        await tokens.verify(issuer.token())
    assert 0 < refused.value.retry_after <= REFETCH
    issuer.quirk = ""
    clock.now += REFETCH
    assert await holds(tokens, issuer.token())


@pytest.mark.parametrize(
    "quirk",
    [
        "error",
        "redirect",
        "garbage",
        "a list",
        "deep",
        "huge",
        "other issuer",
        "no tls",
        "no address",
        "no host's name",
    ],
)
async def test_what_is_no_answer_gives_no_keys(issuer: Issuer, tokens: IssuerTokens, clock: Clock, quirk: str) -> None:
    issuer.quirk = quirk
    with pytest.raises(KeysUnavailable):
        await tokens.verify(issuer.token())
    assert issuer.asked[ELSEWHERE] == 0
    assert issuer.sent < HUGE / 2, "reading ends after the limit; what the system had buffered is all that came more"
    issuer.quirk = ""
    clock.now += REFETCH
    assert await holds(tokens, issuer.token())


async def test_a_slow_issuer_holds_nobody_up_for_long(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_fetch, "SECONDS", 0.2)
    issuer.go_on.clear()
    with pytest.raises(KeysUnavailable):
        await tokens.verify(issuer.token())


async def test_more_keys_than_anybody_has_are_none(issuer: Issuer, tokens: IssuerTokens) -> None:
    issuer.keys = listed(ec_key()) * 101
    with pytest.raises(KeysUnavailable):
        await tokens.verify(issuer.token())


async def test_what_is_odd_among_the_keys_is_passed_over(issuer: Issuer, tokens: IssuerTokens) -> None:
    odd: list[Any] = [None, 7, [], {}, {"kty": 1}, {"kty": "RSA", "n": 3, "kid": "a"}, {"kty": "EC", "kid": {"a": 1}}]
    odd += [{"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "b"}, {"kty": "OKP", "crv": "X", "x": "AA", "kid": "c"}]
    odd += [{**ec_key("d").as_dict(private=False), "key_ops": 5}]
    issuer.keys = [*odd, *listed(ec_key())]
    assert await holds(tokens, issuer.token())


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://login.example/realms/simpul", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080/x", True),
        ("http://localhost/realms/a", True),
        ("http://login.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("https://user:pass@login.example", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[", False),
        ("login.example", False),
    ],
)
def test_keys_are_asked_for_over_tls_or_on_this_machine(url: str, good: bool) -> None:
    assert is_trustworthy(url) is good
