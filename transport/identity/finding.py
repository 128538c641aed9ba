"""Finds who asks: by a bearer token, by an API key, by follow tokens, or as nobody in particular."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from domain.recent import Recent
from domain.revocation import Shown
from domain.sealing import keyed_hash
from domain.time import SECOND, micros, moment
from domain.vocabulary import Role
from resolvers.context import HubParts
from resolvers.errors import Overloaded, SourceUnavailable, Unauthenticated
from resolvers.viewer import Viewer
from storage.access.persons import agency_id_of, find_person, meet_person
from storage.access.revocation_following import RevocationFollower, following_revocations
from storage.access.secrets import Secrets, local_key
from storage.errors import Overloaded as StoreIsBusy
from storage.reports.follow import hash_of
from storage.rows import PersonRow
from storage.store import Store
from storage.writing.surely import write_surely
from storage.writing.transaction import Operation
from transport.door import Credentials
from transport.identity.api_keys import NO_SUCH_KEY, ApiKeys
from transport.identity.clients import client_of
from transport.identity.local_tokens import LocalTokens
from transport.identity.tokens import BadToken, Claims, KeysUnavailable, Tokens
from transport.settings.oidc import OidcSettings

_REMEMBERED = 10_000
_CHARACTERS = 2_000_000
REVOKED = "This token was revoked: sign in again."


@dataclass(frozen=True, slots=True)
class _Bearer:
    """Whom a token made known, and what of it a revocation can name."""

    claims: Claims
    viewer: Viewer
    shown: Shown
    characters: int


class Identity:
    """Turns credentials into a viewer; remembers the people it met, so that a known one costs no statement.

    `tokens` knows which tokens hold, `revocations` which do not any more; `secret` hides clients' addresses.
    """

    def __init__(self, store: Store, tokens: Tokens, revocations: RevocationFollower, secret: bytes) -> None:
        self._store = store
        self._tokens = tokens
        self._revocations = revocations
        self._secret = secret
        self._keys = ApiKeys(store, revocations)
        self._met: Recent[tuple[str, str, str | None], PersonRow] = Recent(_REMEMBERED)
        self._agencies: dict[str, int] = {}
        self._nobodies: Recent[str | None, Viewer] = Recent(_REMEMBERED)
        self._bearers: Recent[tuple[str, str | None], _Bearer] = Recent(
            _REMEMBERED, size=_CHARACTERS, size_of=lambda bearer: bearer.characters
        )

    async def identify(self, credentials: Credentials) -> Viewer:
        """Who this is. Raises Unauthenticated for a token or key that does not hold, SourceUnavailable while nobody can
        tell because the issuer does not answer."""
        if credentials.bearer is not None and credentials.api_key is not None:
            raise Unauthenticated("Show either a token or an API key, not both.")
        if credentials.api_key is not None:
            viewer = await self._with_key(credentials.api_key, credentials.client_address)
        elif credentials.bearer is not None:
            viewer = await self._with_token(credentials.bearer, credentials.client_address)
        else:
            viewer = self._nobody(credentials.client_address)
        if credentials.follow_tokens:
            return replace(viewer, follow_hashes=tuple(hash_of(token) for token in credentials.follow_tokens))
        return viewer

    async def until_revoked(self, viewer: Viewer) -> str:
        """Waits until the viewer's token or key is revoked; the words for it."""
        if viewer.anonymous:
            await asyncio.Event().wait()
        await self._revocations.until_covered(_shown_by(viewer))
        return REVOKED if viewer.key_id is None else "This API key was revoked."

    async def close(self) -> None:
        """Waits, for a few seconds, until what was seen of API keys is written down."""
        await self._keys.close()

    def _nobody(self, address: str | None) -> Viewer:
        known = self._nobodies.get(address)
        if known is None:
            known = Viewer(client=self._client(address))
            self._nobodies.put(address, known)
        return known

    def _client(self, address: str | None) -> str:
        return keyed_hash(self._secret, "client", client_of(address) or "")

    async def _with_key(self, key: str, address: str | None) -> Viewer:
        viewer = await self._keys.viewer_of(key)
        if self._revocations.covers(_shown_by(viewer)):
            raise Unauthenticated(NO_SUCH_KEY)
        return replace(viewer, client=self._client(address))

    async def _with_token(self, token: str, address: str | None) -> Viewer:
        claims = await self._verified(token)
        known = self._bearers.get((token, address))
        if known is None or known.claims is not claims:
            viewer = replace(await self._bearer(claims), client=self._client(address))
            known = _Bearer(claims, viewer, _shown_by(viewer), len(token))
            self._bearers.put((token, address), known)
        if self._revocations.covers(known.shown):
            raise Unauthenticated(REVOKED)
        return known.viewer

    async def _verified(self, token: str) -> Claims:
        try:
            return await self._tokens.verify(token)
        except BadToken as error:
            raise Unauthenticated(str(error)) from error
        except KeysUnavailable as error:
            words = f"The hub cannot check tokens just now: try again in {error.retry_after:.0f} s."
            raise SourceUnavailable(words, error.retry_after) from error

    async def _bearer(self, claims: Claims) -> Viewer:
        person = await self._person(claims)
        return Viewer(
            role=claims.role,
            person_id=person.id,
            display_name=person.display_name,
            agency_id=await self._agency(claims.agency),
            scopes=claims.scopes,
            expires_at=moment(claims.expires_at * SECOND),
            issued_at=moment(claims.issued_at * SECOND),
            subject=claims.subject,
            token_id=claims.token_id,
            partner=self._partner(claims) if claims.role is Role.PARTNER else None,
        )

    def _partner(self, claims: Claims) -> str:
        """What a partner's reports come under, which everybody may see: not who he is, and never another's agency."""
        if claims.agency is not None:
            return claims.agency
        return f"partner-{keyed_hash(self._secret, 'partner', claims.issuer, claims.subject)[:16]}"

    async def _person(self, claims: Claims) -> PersonRow:
        key = (claims.issuer, claims.subject, claims.name)
        known = self._met.get(key)
        if known is None:
            known = await self._store.read(find_person, claims.issuer, claims.subject)
            if known is None or (claims.name and claims.name != known.display_name):
                known = await self._meet(claims)
            self._met.put(key, known)
        return known

    async def _meet(self, claims: Claims) -> PersonRow:
        lock = f"person:{claims.issuer}|{claims.subject}"
        meet = partial(meet_person, issuer=claims.issuer, subject=claims.subject, display_name=claims.name)
        meeting = Operation(meet, frozenset({lock}))
        try:
            return await write_surely(self._store, meeting)
        except StoreIsBusy as error:
            raise Overloaded(error.retry_after) from error

    async def _agency(self, code: str | None) -> int | None:
        if code is None:
            return None
        if code not in self._agencies:
            found = await self._store.read(agency_id_of, code)
            if found is None:
                raise Unauthenticated("This token names an agency that the hub does not know.")
            self._agencies[code] = found
        return self._agencies[code]


def _shown_by(viewer: Viewer) -> Shown:
    """What of a viewer's credentials a revocation can name."""
    issued_at = 0 if viewer.issued_at is None else micros(viewer.issued_at)
    return Shown(viewer.subject, viewer.token_id, viewer.agency_id, issued_at, is_key=viewer.key_id is not None)


def _tokens_of(issuer: OidcSettings) -> Tokens:
    from transport.identity.oidc import tokens_of  # brings a client for HTTP, which nothing else here needs

    return tokens_of(issuer)


@asynccontextmanager
async def identifying(parts: HubParts, secrets: Secrets, issuer: OidcSettings | None) -> AsyncIterator[Identity]:
    """Knows who asks, and what is revoked meanwhile, for as long as the block lasts. With an issuer the hub's own local
    tokens do not hold."""
    local = LocalTokens(secrets.tokens)

    async def look_at_the_key() -> None:
        local.use(await parts.store.read(local_key))

    async with following_revocations(parts.store, None if issuer else look_at_the_key) as revocations:
        parts.wake_revocations = revocations.wake
        tokens = local if issuer is None else _tokens_of(issuer)
        identity = Identity(parts.store, tokens, revocations, secrets.hashes)
        try:
            yield identity
        finally:
            await identity.close()
