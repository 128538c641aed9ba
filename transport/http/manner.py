"""How a request wants to be answered, and what it says of its body: read from its headers, once for all that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from transport.http import answers
from transport.http.compression import Codings, codings
from transport.http.head import Head

RawHeaders = Sequence[tuple[bytes, bytes]]

_HEEDED = frozenset(
    (b"accept", b"accept-encoding", b"accept-language", b"content-type", b"content-encoding", b"last-event-id")
)
_LONG = 2_000
"""Characters of these headers beyond which what they say is not kept."""


@dataclass(frozen=True, slots=True)
class Manner:
    """`plain_json`: the body is JSON as it should be, for which it is not compressed."""

    accepted: answers.Accepted
    codings: Codings
    plain_json: bool
    accept_language: str | None
    last_event_id: str | None


def manner_of(headers: RawHeaders) -> Manner:
    """Read it. Raises BadRequest (406) where no answer would do."""
    told = tuple([header for header in headers if header[0] in _HEEDED])
    if sum([len(value) for _, value in told]) > _LONG:
        return _read(told)
    return _kept(told)


def _read(told: RawHeaders) -> Manner:
    head = Head({"headers": told})
    return Manner(
        answers.accepted(head.preferences("accept")),
        codings(head.preferences("accept-encoding")),
        _is_plain_json(head),
        head.get("accept-language") or None,
        head.get("last-event-id") or None,
    )


_kept = lru_cache(1_000)(_read)


def _is_plain_json(head: Head) -> bool:
    return (
        content_type_of(head) == (answers.JSON, "utf-8")
        and head.get("content-encoding", "identity").lower() == "identity"
    )


def content_type_of(head: Head) -> tuple[str, str]:
    """Return the content type and the charset; "" where there are several, or none."""
    told = head.every("content-type")
    return _content_type(told[0]) if len(told) == 1 else ("", "")


@lru_cache(100)
def _content_type(told: str) -> tuple[str, str]:
    """Return the content type and the charset (UTF-8 unless said otherwise), both in small letters."""
    type_, *parameters = told.lower().split(";")
    values = {name.strip(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)}
    charset = values.get("charset", "utf-8")
    return type_.strip(), "utf-8" if charset == "utf8" else charset
