"""Public ids and cursors: what was made lately is remembered, and junk between does no harm to what comes after it."""

import pytest

from domain import sealing
from domain.sealing import CursorCipher, IdCipher, InvalidId, Kind, ListCursor

IDS = IdCipher(b"k" * 16)
JUNK = (
    "",
    "!" * 22,
    "A" * 21,
    "A" * 22,
    "A" * 15 + "!" * 7,  # base64 passes over what is none of its letters: eleven bytes are left
    "é" * 22,
    "A" * 20 + "==",
    "A" * 2_000,
)


def test_an_id_names_what_it_was_made_of() -> None:
    for kind in Kind:
        for row_id in (1, 2, 255, 256, 2**40):
            assert IDS.decode(IDS.encode(kind, row_id)) == (kind, row_id)
            assert IDS.encoder(kind)(row_id) == IDS.encode(kind, row_id)


def test_junk_is_no_id_and_spoils_none() -> None:
    sound = IDS.encode(Kind.REPORT, 77)
    for junk in JUNK:
        with pytest.raises(InvalidId):
            IDS.decode(junk)
        assert IDS.decode(sound) == (Kind.REPORT, 77)


def test_an_id_is_written_in_one_way_only() -> None:
    sound = IDS.encode(Kind.REPORT, 77)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [sound[:-1] + letter for letter in letters if letter != sound[-1]]
    for other in others:
        with pytest.raises(InvalidId):
            IDS.decode(other)


def test_only_so_many_ids_and_cursors_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "REMEMBERED", 4)
    ids, cursors = IdCipher(b"k" * 16), CursorCipher([(1, b"c" * 64)])
    encode, seal = ids.encoder(Kind.REPORT), cursors.list_sealer("reports.NEWEST", b"r" * 16)
    for n in range(50):
        assert ids.decode(encode(n)) == (Kind.REPORT, n)
        assert cursors.open_list(seal((n, 1)), "reports.NEWEST", b"r" * 16).key == (n, 1)
    for kept in (encode, seal):
        assert len(kept.__self__) <= 4  # type: ignore[attr-defined]


def test_a_remembered_cursor_is_the_one_that_is_made() -> None:
    cursors = CursorCipher([(1, b"c" * 64)])
    for key in ((5, 6), (None, 6), (7,)):
        made = cursors.seal_list(ListCursor("tickets", key), b"r" * 16)
        assert made == cursors.list_sealer("tickets", b"r" * 16)(key)
        assert made != cursors.list_sealer("tickets", b"s" * 16)(key)
        assert made != cursors.list_sealer("others", b"r" * 16)(key)
