"""The one tokenizer of the hub: what a word is, for the word index of both stores, for searches and for likeness.

A text becomes a list of stems in order of position. Its rules:

- Unicode NFKC, case folded, diacritics off: `Café`, `CAFE` and `ｃａｆｅ` are one word. Emoji and other pictures are gaps.
- A word is a run of letters or a run of digits; all else separates: `jl.melati` is `jl melati`, `lalu-lintas` is
  `lalu lintas`. An apostrophe inside a word is no gap: `jum'at` is `jumat`.
- Letters and digits part: `3in1` is `3 in 1`, `RT05` is `RT 05`, so both spellings find each other. Leading zeros go:
  `RT 05` is `RT 5`.
- A word is cut at 40 characters, a text at 20,000 characters and 5,000 words. Past that nobody searches.
- One stem a word: the Indonesian stem, and of that the English one. Doing both, always, keeps the forms of an
  Indonesian word together even where its root looks English (`kebisingan` → `bising` → `bise`, and `bising` too);
  an English word as a rule passes the first step unchanged (`flooding` → `flood`).
"""

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Protocol

MAX_CHARACTERS = 20_000
"""How much of a text is read; a report has at most 5,000 characters, a source may tell more."""

MAX_TOKENS = 5_000
"""How many words of a text are kept."""

MAX_TOKEN_CHARACTERS = 40
"""How much of a word is kept: 160 bytes of UTF-8 at most."""

FIELD_BREAK = ""
"""Stands between the words of two fields, so that no phrase reaches from one into the other."""

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_INNER_APOSTROPHES = re.compile(r"(?<=[^\W_])['’‘`]+(?=[^\W_])")
_LETTER_APOSTROPHES = str.maketrans("ʼʻ", "''")  # Unicode counts these two as letters
_ZERO_WIDTH_SPACE = "\u200b"  # a format character that does part words

_MENDED_ROOTS = {
    # men-, meng- and meny- swallow the first letter of a root, and the stemmer does not always give it back: `menebang`
    # (to fell) is left as `ebang`. Nor can it tell -an after a k from -kan: `tumpukan` (a heap) is left as `tumpu`.
    # These are words of citizens' reports where that was found.
    "abrak": "tabrak",
    "tabra": "tabrak",
    "agih": "tagih",
    "ambal": "tambal",
    "anam": "tanam",
    "ebang": "tebang",
    "eluh": "keluh",
    "luhan": "keluh",
    "emud": "kemudi",
    "emudi": "kemudi",
    "endara": "kendara",
    "ndara": "kendara",
    "erang": "terang",
    "ertib": "tertib",
    "tib": "tertib",
    "imbun": "timbun",
    "ipu": "tipu",
    "okok": "rokok",
    "otor": "kotor",
    "umbang": "tumbang",
    "umpuk": "tumpuk",
    "tumpu": "tumpuk",
    "usak": "rusak",
    "utup": "tutup",
}


def tokens(text: str) -> list[str]:
    """The stems of a text in order of position; empty if there is no word in it. Never raises, whatever the text."""
    runs = _RUNS.findall(_folded(text[:MAX_CHARACTERS]))
    return [_token(run[:MAX_TOKEN_CHARACTERS]) for run in runs[:MAX_TOKENS]]


def field_tokens(*fields: str | None) -> list[str]:
    """The stems of several fields (title, text, address) as one list, a FIELD_BREAK between fields that have words."""
    return joined(*(tokens(field) for field in fields if field))


def joined(*fields: list[str]) -> list[str]:
    """The stems of several fields, each found already, as one list."""
    together: list[str] = []
    for found in fields:
        if together and found:
            together.append(FIELD_BREAK)
        together += found
    return together


def _folded(text: str) -> str:
    if text.isascii():
        lower = text.lower()
        return _INNER_APOSTROPHES.sub("", lower) if "'" in lower or "`" in lower else lower
    pictures_out = "".join(" " if unicodedata.category(character) == "So" else character for character in text)
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", pictures_out).casefold())
    plain = "".join(kept for character in decomposed for kept in _without_marks(character))
    return _INNER_APOSTROPHES.sub("", unicodedata.normalize("NFC", plain.translate(_LETTER_APOSTROPHES)))


def _without_marks(character: str) -> str:
    """Drop marks and invisible format characters (soft hyphen, joiners), write every decimal digit as 0 to 9."""
    category = unicodedata.category(character)
    if category[0] == "M" or (category == "Cf" and character != _ZERO_WIDTH_SPACE):
        return ""
    return str(unicodedata.decimal(character)) if category == "Nd" else character


def _token(run: str) -> str:
    return run.lstrip("0") or "0" if run[0].isdecimal() else stem(run)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


@cache
def _stemmers() -> tuple[_Stemmer, _Stemmer]:
    """The Indonesian and the English one, loaded with the first word: their package brings those of thirty languages.

    The classes themselves, not snowballstemmer.stemmer(): that one takes PyStemmer where it is installed, whose version
    of an algorithm may differ, and an index is only as good as the sameness of its stems.
    """
    from snowballstemmer.english_stemmer import EnglishStemmer
    from snowballstemmer.indonesian_stemmer import IndonesianStemmer

    return IndonesianStemmer(), EnglishStemmer()


_stemming = threading.Lock()  # a stemmer keeps the word it works on in itself


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one word in lower case. Pure and cached; safe to call from several threads."""
    with _stemming:
        indonesian, english = _stemmers()
        root = indonesian.stemWord(word)
        return english.stemWord(_MENDED_ROOTS.get(root, root)) or word
