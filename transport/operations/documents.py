"""Documents that a client names instead of sending them, by the SHA-256 of their text.

Two kinds. *Automatic* ones were sent once together with their hash (Apollo's automatic persisted queries) and are kept
while there is room. *Trusted* ones the operator put into a folder; a hub may be told to run nothing else. Either is named
by `extensions.persistedQuery` (Apollo's protocol) or by `documentId` (appendix A of GraphQL over HTTP).
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from domain.recent import Recent
from transport.door import BadRequest
from transport.http.request import Parameters

PREFIX = "sha256:"
_ONLY_TRUSTED = "This hub runs only documents that were handed to it beforehand."


class DocumentRefused(Exception):
    """The document is not known, or not trusted. Has the shape of `execution.ClientMistake`."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
        self.extensions: dict[str, Any] = {}


class PersistedDocuments:
    """The documents that may be named. Automatic ones are bounded by number and characters, the oldest use leaves first."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        only_trusted: bool = False,
        count: int = 1_000,
        characters: int = 4_000_000,
    ) -> None:
        self._trusted = dict(trusted or {})
        self._only_trusted = only_trusted
        self._sent: Recent[str, str] = Recent(count, size=characters, size_of=len)

    def __len__(self) -> int:
        return len(self._trusted) + len(self._sent)

    def text_of(self, parameters: Parameters) -> str:
        """Return the text that is meant, and keep one that came with its hash.

        Raises DocumentRefused for a hash that is not known, and for what is not trusted where only such documents are run;
        BadRequest for a hash that is not the text's, and for what is no hash at all.
        """
        if parameters.query is not None and not (parameters.document_id or parameters.extensions or self._only_trusted):
            return parameters.query
        named = hash_named(parameters)
        if parameters.query is None:
            return self._known(named)
        found = digest_of(parameters.query) if named is not None or self._only_trusted else None
        if named not in (None, found):
            raise BadRequest("provided sha does not match query")
        if self._only_trusted and found not in self._trusted:
            raise DocumentRefused(_ONLY_TRUSTED, "FORBIDDEN")
        if named is not None and named not in self._trusted:
            self._sent.put(named, parameters.query)
        return parameters.query

    def _known(self, named: str | None) -> str:
        text = self._trusted.get(named or "") or self._sent.get(named or "")
        if text is None and self._only_trusted:
            raise DocumentRefused(_ONLY_TRUSTED, "FORBIDDEN")  # who is told that it is not found sends the text in vain
        if text is None:
            raise DocumentRefused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        return text


def digest_of(text: str) -> str:
    """Return the hash that names a text, as hex digits."""
    return sha256(text.encode()).hexdigest()


def hash_named(parameters: Parameters) -> str | None:
    """Return the hash that a request names its document by; None when it names none. Raises BadRequest."""
    by_id = parameters.document_id.removeprefix(PREFIX) if parameters.document_id else None
    by_apollo = _apollo_hash((parameters.extensions or {}).get("persistedQuery"))
    if by_id is not None and by_apollo not in (None, by_id):
        raise BadRequest("`documentId` and `extensions.persistedQuery` name two documents.")
    return by_apollo if by_id is None else by_id


def _apollo_hash(told: Any) -> str | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("sha256Hash"), str):
        raise BadRequest("`extensions.persistedQuery` must be an object with a `sha256Hash`.")
    if told.get("version") != 1:
        raise BadRequest("Unsupported persisted query version")
    return str(told["sha256Hash"])
