"""Ids and cursors as clients see them: encrypted, so that they show no order and no count, and cannot be made up.

An id is one AES block over (kind, row id, zeros): random-looking, always the same for the same row, checked by its zeros.
A cursor is AES-SIV (RFC 5297, deterministic and authenticated) over its fields, with the id of its key in front in clear.
"""

import base64
import binascii
import hmac
import secrets
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class Kind(IntEnum):
    """What an id names. The numbers are in every id ever handed out: never reuse one."""

    REPORT = 1
    CATEGORY = 2
    AGENCY = 3
    AREA = 4
    FLOOD_AREA = 5
    FLOOD_GAUGE = 6
    LAPOR_TICKET = 7
    SOURCE = 8
    PHOTO = 9
    COMMENT = 10
    FORWARDING = 11
    SET_ASIDE = 12
    REPORT_EVENT = 13
    PERSON = 14


_KINDS = {kind.value: kind for kind in Kind}


class InvalidId(ValueError):
    """Not an id of this hub."""


class InvalidCursor(ValueError):
    """Not a cursor, or one that was changed on its way: its shape or its tag is wrong."""


class ExpiredCursor(Exception):
    """A cursor of another hub, key, epoch, chain, class or age: the reader has to list again."""


_BLOCK = struct.Struct(">BQ7x")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def _written(data: bytes) -> str:
    """Bytes in base64url."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).decode()


REMEMBERED = 10_000
"""So many ids of each kind, and cursors of each list, are kept ready: about 2 MB of each where there are so many. Full, a
memory begins anew, for what is asked for once is mostly asked for again soon."""


class _Ids(dict[int, str]):
    """Ids of one kind by row."""

    def __init__(self, cipher: "IdCipher", kind: Kind) -> None:
        self._cipher = cipher
        self._kind = kind

    def __missing__(self, row_id: int) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        made = self[row_id] = self._cipher.encode(self._kind, row_id)
        return made


class IdCipher:
    """Turns (kind, row id) into an opaque id and back."""

    def __init__(self, key: bytes) -> None:
        # one block, every plaintext distinct: ECB is a permutation
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())
        self._remembered = {kind: _Ids(self, kind).__getitem__ for kind in Kind}
        self._of_thread = threading.local()

    def encoder(self, kind: Kind) -> Callable[[int], str]:
        """`encode` for one kind, which remembers what it made."""
        return self._remembered[kind]

    def encode(self, kind: Kind, row_id: int) -> str:
        """The id of a row: 22 characters of base64url."""
        encryptor = getattr(self._of_thread, "encryptor", None)
        if encryptor is None:  # ECB has no state between blocks, so one serves for ever
            encryptor = self._of_thread.encryptor = self._cipher.encryptor()
        return _written(encryptor.update(_BLOCK.pack(kind, row_id)))[:22]

    def _decryptor(self) -> CipherContext:
        kept: CipherContext | None = getattr(self._of_thread, "decryptor", None)
        if kept is None:
            kept = self._of_thread.decryptor = self._cipher.decryptor()
        return kept

    def decode(self, text: str) -> tuple[Kind, int]:
        """What an id names; raises InvalidId for anything that this hub did not hand out."""
        try:
            if len(text) != 22:
                raise InvalidId(text)
            sealed = binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"==")
            if len(sealed) != 16:  # the cipher would wait for the rest of the block
                raise InvalidId(text)
            block = self._decryptor().update(sealed)
            kind, row_id = _BLOCK.unpack(block)
            if any(block[9:]) or _written(sealed)[:22] != text:
                raise InvalidId(text)
            return _KINDS[kind], row_id
        except (binascii.Error, ValueError, KeyError, struct.error) as error:
            raise InvalidId(text) from error


class CursorKind(IntEnum):
    """What a cursor is a place in. LOG_IN_SNAPSHOT: a place in the log whose reader has not yet got its whole snapshot."""

    LOG = 1
    LIST = 2
    LOG_IN_SNAPSHOT = 3


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in the event log: everything up to `seq` is behind. `chain` are the first 8 bytes of the hash chain there."""

    seq: int
    chain: bytes
    epoch: int
    in_snapshot: bool = False


Key: TypeAlias = tuple[int | None, ...]
"""What a list is ordered by, of one row."""


@dataclass(frozen=True, slots=True)
class ListCursor:
    """A place in a list: the list's name with its order, and the key of the row it stands at."""

    order: str
    key: Key


_LOG = struct.Struct(">BQ8sI16s")
_KEY_PART = struct.Struct(">?q")
"""One part of a row's key, at a fixed width: were it as long as its digits, a row id would tell how many rows there are."""


_LISTS = 16
"""Lists and classes of viewers whose cursors are remembered."""


class _Sealed(dict[Key, str]):
    """Cursors of one list and class by the keys of their rows."""

    def __init__(self, seal: Callable[[bytes], str], begin: bytes) -> None:
        self._seal = seal
        self._begin = begin

    def __missing__(self, key: Key) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        parts = [_KEY_PART.pack(part is not None, part or 0) for part in key]
        made = self[key] = self._seal(self._begin + b"".join(parts))
        return made


class CursorCipher:
    """Seals and opens cursors under the hub's keys; the first key seals, retired ones still open.

    `reader` is a digest of the viewer's class (role, agency, scopes): a cursor works for that class alone.
    """

    def __init__(self, keys: Sequence[tuple[int, bytes]]) -> None:
        self._current = keys[0][0]
        self._ciphers = {key_id: AESSIV(key) for key_id, key in keys}
        self._sealers: dict[tuple[str, bytes], Callable[[Key], str]] = {}

    def seal_log(self, cursor: LogCursor, reader: bytes) -> str:
        """A resume cursor as the client gets it."""
        kind = CursorKind.LOG_IN_SNAPSHOT if cursor.in_snapshot else CursorKind.LOG
        return self._seal(_LOG.pack(kind, cursor.seq, cursor.chain[:8], cursor.epoch, reader[:16]))

    def open_log(self, text: str, reader: bytes) -> LogCursor:
        """The place a resume cursor names. Raises InvalidCursor or, for another class or key, ExpiredCursor."""
        data = self._open(text)
        if data[0] == CursorKind.LIST or len(data) != _LOG.size:
            raise InvalidCursor("this is a cursor of a list, not of the event log")
        kind, seq, chain, epoch, made_for = _LOG.unpack(data)
        if made_for != reader[:16]:
            raise ExpiredCursor
        return LogCursor(seq, chain, epoch, kind == CursorKind.LOG_IN_SNAPSHOT)

    def seal_list(self, cursor: ListCursor, reader: bytes) -> str:
        """A page cursor as the client gets it."""
        return self.list_sealer(cursor.order, reader)(cursor.key)

    def list_sealer(self, order: str, reader: bytes) -> Callable[[Key], str]:
        """`seal_list` for one list and class, which remembers what it made."""
        sealer = self._sealers.get((order, reader))
        if sealer is None:
            if len(self._sealers) >= _LISTS:
                self._sealers.clear()
            begin = bytes([CursorKind.LIST]) + reader[:16] + f"{order}|".encode()
            sealer = self._sealers[order, reader] = _Sealed(self._seal, begin).__getitem__
        return sealer

    def open_list(self, text: str, order: str, reader: bytes) -> ListCursor:
        """The place a page cursor names. Raises InvalidCursor for another list or order, ExpiredCursor for another class."""
        data = self._open(text)
        if data[0] != CursorKind.LIST:  # of whatever part of the log
            raise InvalidCursor("this is a cursor of the event log, not of a list")
        if data[1:17] != reader[:16]:
            raise ExpiredCursor
        made_for, _, key = data[17:].partition(b"|")
        if made_for != order.encode() or not key or len(key) % _KEY_PART.size:
            raise InvalidCursor("this cursor belongs to another list or order")
        parts = _KEY_PART.iter_unpack(key)
        return ListCursor(order, tuple(part if told else None for told, part in parts))

    def _seal(self, data: bytes) -> str:
        sealed = self._ciphers[self._current].encrypt(data, None)
        return _written(self._current.to_bytes(2) + sealed).rstrip("=")

    def _open(self, text: str) -> bytes:
        if len(text) > 512:
            raise InvalidCursor("a cursor has at most 512 characters")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidCursor("this is not a cursor") from error
        if len(raw) < 2 + 16 + 1:
            raise InvalidCursor("this is not a cursor")
        cipher = self._ciphers.get(int.from_bytes(raw[:2]))
        if cipher is None:
            raise ExpiredCursor
        try:
            return cipher.decrypt(raw[2:], None)
        except InvalidTag as error:
            raise InvalidCursor("it was changed since it was given") from error


def keyed_hash(secret: bytes, *parts: str) -> str:
    """An HMAC-SHA-256 of words that must not be guessed back (names, addresses, idempotency keys), as 64 hex digits."""
    return hmac.digest(secret, "\x1f".join(parts).encode(), "sha256").hex()


_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that sounds or looks like another on the phone
_CODE_PAIRS = [first + second for first in _CODE_ALPHABET for second in _CODE_ALPHABET]


def new_report_code() -> str:
    """A tracking code of eight random characters, read out as two groups of four: about 39 bits."""
    pairs = len(_CODE_PAIRS)
    drawn = secrets.randbelow(pairs**4)
    drawn, first = divmod(drawn, pairs)
    drawn, second = divmod(drawn, pairs)
    fourth, third = divmod(drawn, pairs)
    return f"{_CODE_PAIRS[first]}{_CODE_PAIRS[second]}-{_CODE_PAIRS[third]}{_CODE_PAIRS[fourth]}"
