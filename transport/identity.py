"""Finds who asks: by a bearer token, by follow tokens, or as nobody in particular."""

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime

from domain.sealing import keyed_hash
from domain.vocabulary import Role
from resolvers.errors import Unauthenticated
from resolvers.viewer import Viewer
from storage.persons import agency_id_of, find_person, meet_person
from storage.reports.follow import hash_of
from storage.rows import PersonRow
from storage.secrets import Secrets
from storage.store import Store
from storage.transaction import Operation
from transport.door import Credentials
from transport.tokens import BadToken, Claims, verify

_REMEMBERED = 10_000


class Identity:
    """Turns credentials into a viewer; remembers the people it met, so that a known one costs no statement."""

    def __init__(self, store: Store, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets
        self._met: OrderedDict[tuple[str, str, str | None], PersonRow] = OrderedDict()
        self._agencies: dict[str, int] = {}

    async def identify(self, credentials: Credentials) -> Viewer:
        """Who this is. Raises Unauthenticated for a token that does not hold, or an API key, of which there are none yet."""
        client = keyed_hash(self._secrets.hashes, "client", credentials.client_address or "")
        follow = tuple(hash_of(token) for token in credentials.follow_tokens)
        if credentials.api_key is not None:
            raise Unauthenticated("This API key is not known.")
        if credentials.bearer is None:
            return Viewer(client=client, follow_hashes=follow)
        try:
            claims = verify(self._secrets.tokens, credentials.bearer)
        except BadToken as error:
            raise Unauthenticated(str(error)) from error
        return await self._viewer(claims, client, follow)

    async def until_revoked(self, viewer: Viewer) -> str:
        """Waits until the viewer's token or key is revoked; the words for it."""
        await asyncio.Event().wait()
        return "This token was revoked."

    async def _viewer(self, claims: Claims, client: str, follow: tuple[bytes, ...]) -> Viewer:
        person = await self._person(claims)
        return Viewer(
            role=claims.role,
            person_id=person.id,
            display_name=person.display_name,
            agency_id=await self._agency(claims.agency),
            scopes=claims.scopes,
            expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
            issued_at=datetime.fromtimestamp(claims.issued_at, UTC),
            subject=claims.subject,
            token_id=claims.token_id,
            follow_hashes=follow,
            client=client,
            partner=claims.agency or claims.subject if claims.role is Role.PARTNER else None,
        )

    async def _person(self, claims: Claims) -> PersonRow:
        key = (claims.issuer, claims.subject, claims.name)
        known = self._met.get(key)
        if known is None:
            known = await self._store.read(find_person, claims.issuer, claims.subject)
            if known is None or (claims.name and claims.name != known.display_name):
                lock = f"person:{claims.issuer}|{claims.subject}"
                known = await self._store.write(
                    Operation(lambda tx: meet_person(tx, claims.issuer, claims.subject, claims.name), frozenset({lock}))
                )
            self._met[key] = known
            if len(self._met) > _REMEMBERED:
                self._met.popitem(last=False)
        return known

    async def _agency(self, code: str | None) -> int | None:
        if code is None:
            return None
        if code not in self._agencies:
            found = await self._store.read(agency_id_of, code)
            if found is None:
                raise Unauthenticated(f"This token names an agency that the hub does not know: {code}.")
            self._agencies[code] = found
        return self._agencies[code]
