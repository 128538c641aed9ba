"""What a word is: the rules of domain/words.py, told by examples and kept for every text."""

import threading
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.words import (
    FIELD_BREAK,
    MAX_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    MAX_TOKENS,
    field_tokens,
    stem,
    tokens,
)

SAME = [
    ("Café", "CAFE", "cafe", "cafe\u0301", "ｃａｆｅ"),
    ("jum'at", "jum’at", "JUMAT", "jum\u00adat", "'jumat'"),
    ("3in1", "3 in 1", "３ＩＮ１", "3-in-1", "3️⃣ in 1️⃣", "٣in١"),
    ("RT05/RW 03", "rt 5 rw 3", "RT-005, RW.3"),
    ("jl.melati", "Jl. Melati", "jl/melati", "jl-melati", "jl_melati", "🌊jl🌊melati🌊"),
    ("STRASSE", "straße"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: str(spellings[0]))
def test_spellings_of_the_same_words(spellings: tuple[str, ...]) -> None:
    assert {spelling: tokens(spelling) for spelling in spellings} == dict.fromkeys(spellings, tokens(spellings[0]))


FORMS = [
    "banjir kebanjiran dibanjiri membanjiri banjirnya",
    "genangan digenangi tergenang menggenangi tergenangnya",
    "macet kemacetan macetnya bermacetan",
    "parkir parkiran diparkir memarkir terparkir memarkirkan",
    "rusak kerusakan merusak dirusak perusakan",
    "tutup menutup ditutup tertutup penutupan",
    "tumpuk menumpuk tumpukan bertumpuk",
    "tebang menebang ditebang penebangan",
    "terang penerangan menerangi",
    "bising kebisingan",
    "lintas melintas",
    "dagang pedagang berdagang",
    "pengemis mengemis",
    "flood floods flooded flooding",
    "pothole potholes",
]


@pytest.mark.parametrize("forms", FORMS)
def test_forms_of_a_word_share_one_stem(forms: str) -> None:
    assert len(set(tokens(forms))) == 1


@pytest.mark.parametrize("pair", ["aku paku", "parkir parking", "banjir kebakaran", "jalan joki", "air api"])
def test_different_words_keep_different_stems(pair: str) -> None:
    assert len(set(tokens(pair))) == 2


def test_order_of_position_is_kept() -> None:
    assert tokens("Lampu jalan mati di jalan 2") == ["lampu", "jalan", "mati", "di", "jalan", "2"]


@pytest.mark.parametrize("text", ["", " \n\t", "🌊🚧🙏🏽", "...---!!!", "\x00\x1f", "\ud800", "\u0301", "👨‍👩‍👧 🇮🇩"])
def test_a_text_without_words_has_no_tokens(text: str) -> None:
    assert tokens(text) == []


def test_numbers_lose_leading_zeros_and_keep_zero() -> None:
    assert tokens("007 0 000 0812-3456 06.30") == ["7", "0", "0", "812", "3456", "6", "30"]


def test_fields_are_kept_apart() -> None:
    assert field_tokens("Banjir", None, "🙏", "", "Tebet") == ["banjir", FIELD_BREAK, "tebet"]
    assert field_tokens(None, "", "...") == []


def test_length_and_count_are_bounded() -> None:
    assert tokens("x" * 1000) == ["x" * MAX_TOKEN_CHARACTERS]
    assert len(tokens("ab " * MAX_CHARACTERS)) == MAX_TOKENS
    assert len(tokens("ﷺ" * MAX_CHARACTERS)) <= MAX_TOKENS


@given(st.text())
def test_every_text_gives_plain_lower_case_tokens(text: str) -> None:
    for token in tokens(text):
        assert token
        assert token.isalnum()
        assert len(token) <= 2 * MAX_TOKEN_CHARACTERS
        assert not any("A" <= character <= "Z" for character in token)
        assert not any(unicodedata.category(character)[0] in "MCZPS" for character in token)


@given(st.text(), st.text())
def test_a_space_never_joins_or_changes_words(one: str, other: str) -> None:
    assert tokens(f"{one} {other}") == tokens(one) + tokens(other)


@given(st.text())
def test_normal_forms_do_not_matter(text: str) -> None:
    assert tokens(unicodedata.normalize("NFC", text)) == tokens(unicodedata.normalize("NFD", text)) == tokens(text)


def test_threads_do_not_disturb_each_other() -> None:
    words = [
        f"{prefix}{root}{suffix}"
        for prefix in ("di", "me", "ter", "")
        for root in FORMS[0].split()
        for suffix in ("", "kan", "nya", "i")
    ]
    expected = [stem.__wrapped__(word) for word in words]
    found: list[list[str]] = []

    def work() -> None:
        found.append([stem.__wrapped__(word) for word in words * 5])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected * 5] * 4
