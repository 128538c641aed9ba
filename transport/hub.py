"""The hub as the door sees it: runs operations of our schema for whoever asks."""

from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import cast

from domain.vocabulary import Locale, Role
from execution import Engine
from resolvers.context import Context, HubParts, context_for
from resolvers.viewer import Viewer
from transport.door import Account, Credentials, News, RequestInfo
from transport.door import Viewer as AnyViewer
from transport.http.preferences import preferences, weight
from transport.identity.finding import Identity

_OURS = {"id": Locale.ID, "in": Locale.ID, "en": Locale.EN}
"""`in` is what Indonesian was called until 1989; Java's runtimes still say it."""

HARMLESS = frozenset({"submitReport", "supportReport", "unsupportReport", "syncSource", "revokeAccess"})
"""Mutations that hide nothing from anybody, whatever comes of them."""

_NOBODYS = Account()

_SOME_KEY = "some"
"""Stands for the API key of anybody who comes with one: whether there is one counts, since without one scopes say nothing."""


class SimpulHub:
    """Implements transport.door.Hub."""

    def __init__(self, engine: Engine, parts: HubParts, identity: Identity) -> None:
        self.engine = engine
        self._parts = parts
        self._identity = identity
        self.news = News(
            commits=lambda: parts.store.bell.seq,
            hidden=lambda: 0 if parts.log is None else parts.log.hidden,
            harmless=HARMLESS,
        )

    async def identify(self, credentials: Credentials) -> Viewer:
        """Who shows these credentials."""
        return await self._identity.identify(credentials)

    async def until_revoked(self, viewer: AnyViewer) -> str:
        """Waits until these credentials no longer hold; the words for it."""
        return await self._identity.until_revoked(cast(Viewer, viewer))

    def account_of(self, viewer: AnyViewer) -> Account:
        """Whose allowance this viewer's operations are drawn from."""
        known = cast(Viewer, viewer)
        if known.anonymous:
            return _NOBODYS
        return Account(known.scope, trusted=known.role is not Role.CITIZEN)

    def anybody_like(self, viewer: AnyViewer) -> Viewer:
        """The viewer as any other of its class: no more of it than what its class sees and may do."""
        known = cast(Viewer, viewer)
        return _anybody(known.role, known.agency_id, known.scopes, with_key=known.key_id is not None)

    def sharing(self, viewer: AnyViewer, request: RequestInfo, *, personal: bool) -> Hashable:
        """Who is answered the same: those of one class and language; where an answer is personal, who came in the very
        same way, for it may tell anything that the hub knows of whoever asks.

        Who shows no follow token and has no account is nobody in particular, whatever is asked.
        """
        known = cast(Viewer, viewer)
        nobody = known.anonymous and not known.follow_hashes
        who = known if personal and not nobody else self.anybody_like(known)
        return (who, locale_of(request.accept_language))

    def operation(self, viewer: AnyViewer, request: RequestInfo) -> AbstractAsyncContextManager[Context]:
        """A context for one operation, or for one event of a stream."""
        return context_for(
            self._parts,
            cast(Viewer, viewer),
            locale=locale_of(request.accept_language),
            last_event_id=request.last_event_id,
        )


@lru_cache(10_000)
def _anybody(role: Role, agency_id: int | None, scopes: frozenset[str], *, with_key: bool) -> Viewer:
    """Names what it keeps, so that nothing else of a viewer reaches an answer for many."""
    return Viewer(role, agency_id=agency_id, scopes=scopes, key_id=_SOME_KEY if with_key else None)


@lru_cache(1_000)
def locale_of(accept_language: str | None) -> Locale:
    """The language asked for (RFC 9110, 12.5.4); Indonesian where neither of ours is."""
    best: tuple[float, Locale] = (0.0, Locale.ID)
    for tag, parameters in preferences(accept_language or ""):
        known = _OURS.get(tag.partition("-")[0])
        if known is not None and weight(parameters) > best[0]:
            best = (weight(parameters), known)
    return best[1]
