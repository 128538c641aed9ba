"""A token's signature is checked once: yet it ends when it runs out, when its key does, and when it is changed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey

from domain.vocabulary import Role
from tests.issuer import AUDIENCE, Issuer, serving_issuer
from transport.identity import local_tokens, oidc
from transport.identity import tokens as rules
from transport.identity.local_tokens import LocalTokens, issue
from transport.identity.oidc import IssuerTokens
from transport.identity.oidc_fetch import IssuerSite
from transport.identity.oidc_keys import IssuerKeys
from transport.identity.tokens import BadToken
from transport.settings.oidc import OidcSettings

KEY, OTHER = b"k" * 32, b"o" * 32


class Checks:
    """Counts the signatures that are checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
        self.made = 0
        decoded = rules.decoded

        def counted(*arguments: Any) -> Any:
            self.made += 1
            return decoded(*arguments)

        monkeypatch.setattr(module, "decoded", counted)


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(rules, "time", made)
    return made


class TestOurOwn:
    async def test_is_checked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        checks, tokens = Checks(monkeypatch, local_tokens), LocalTokens(KEY)
        token, another = issue(KEY, role=Role.ADMIN), issue(KEY, role=Role.CITIZEN)
        assert [(await tokens.verify(token)).role for _ in range(3)] == [Role.ADMIN] * 3
        assert (await tokens.verify(another)).role is Role.CITIZEN
        assert checks.made == 2

    async def test_ends_when_it_runs_out(self, clock: Clock) -> None:
        tokens, token = LocalTokens(KEY), issue(KEY, role=Role.ADMIN, seconds=100)
        await tokens.verify(token)
        clock.now += 100 + rules.LEEWAY_SECONDS - 2
        await tokens.verify(token)
        clock.now += 4
        with pytest.raises(BadToken) as refused:
            await tokens.verify(token)
        assert refused.value.expired

    async def test_ends_with_its_key_and_outlives_looking_at_the_key_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checks, tokens, token = Checks(monkeypatch, local_tokens), LocalTokens(KEY), issue(KEY, role=Role.ADMIN)
        await tokens.verify(token)
        tokens.use(bytes(KEY))
        await tokens.verify(token)
        assert checks.made == 1
        tokens.use(OTHER)
        with pytest.raises(BadToken):
            await tokens.verify(token)

    async def test_one_that_was_changed_is_another(self) -> None:
        tokens, token = LocalTokens(KEY), issue(KEY, role=Role.CITIZEN)
        await tokens.verify(token)
        head, claims, signature = token.split(".")
        admin = issue(OTHER, role=Role.ADMIN).split(".")[1]
        for forged in (f"{head}.{admin}.{signature}", f"{head}.{claims}.{signature[:-4]}AAAA", f"{head}.{claims}."):
            with pytest.raises(BadToken):
                await tokens.verify(forged)


class TestAnIssuers:
    @pytest.fixture
    def issuer(self) -> Iterator[Issuer]:
        with serving_issuer() as made:
            yield made

    async def test_is_checked_once_for_each_key_that_is_in_use(
        self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checks, now = Checks(monkeypatch, oidc), 0.0
        site = IssuerSite(issuer.url)
        keys = IssuerKeys(site.keys, refetch_seconds=1, stale_seconds=10, clock=lambda: now)
        tokens = IssuerTokens(OidcSettings(issuer.url, AUDIENCE), keys)
        token = issuer.token()
        for _ in range(3):
            await tokens.verify(token)
        assert checks.made == 1
        now += 1_000_000  # the keys are fetched anew, and are the same ones
        await tokens.verify(token)
        await tokens.verify(token)
        assert checks.made == 2
        successor = ECKey.generate_key("P-256", {"kid": "ec"})  # under the name of the one before
        issuer.keys = [successor.as_dict(private=False)]
        now += 1_000_000
        with pytest.raises(BadToken):
            await tokens.verify(token)
