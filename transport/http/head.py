"""The head of a request, read once."""

from collections.abc import Sequence

from starlette.types import Scope

from transport.http.preferences import MOST_CHARACTERS


class Head:
    """The headers by their names, which are asked for in small letters. Of several of one name the first one counts."""

    __slots__ = ("_first", "_raw")

    def __init__(self, scope: Scope) -> None:
        self._raw: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self._first = dict(reversed(self._raw))

    def get(self, name: str, otherwise: str = "") -> str:
        """Return the first header of that name."""
        value = self._first.get(name.encode())
        return otherwise if value is None else value.decode("latin-1")

    def every(self, name: str) -> list[str]:
        """Return all headers of that name, in their order."""
        if len(self._first) == len(self._raw):  # each is there once
            value = self._first.get(name.encode())
            return [] if value is None else [value.decode("latin-1")]
        wanted = name.encode()
        return [value.decode("latin-1") for found, value in self._raw if found == wanted]

    def preferences(self, name: str) -> str:
        """Return the list that all headers of that name make (RFC 9110, 5.3), as much of it as is looked at."""
        if len(self._first) != len(self._raw):
            return ", ".join(self.every(name))[:MOST_CHARACTERS]
        value = self._first.get(name.encode())
        return "" if value is None else value[:MOST_CHARACTERS].decode("latin-1")
