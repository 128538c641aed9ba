"""Guessing the hub's category from the words of a ticket: LAPOR's own category first, then title and text.

The first line of the table with a word that occurs wins, so the telling words stand above the common ones. A guess may be
wrong; a dispatcher's correction is never overwritten by a later fetch.
"""

import re

_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("three_in_one_jockey", ("joki", "3in1", "3 in 1", "three in one")),
    ("illegal_parking", ("parkir",)),
    ("flood", ("banjir", "genangan", "tergenang", "menggenang", "kebanjiran", "meluap")),
    ("fallen_tree", ("pohon", "dahan", "ranting")),
    ("fire", ("kebakaran", "terbakar", "si jago merah")),
    ("street_light", ("lampu jalan", "penerangan jalan", "pju", "lampu penerangan")),
    ("damaged_road", ("jalan rusak", "jalan berlubang", "berlubang", "aspal", "perbaikan jalan", "jalan")),
    ("street_vendors", ("pkl", "pedagang", "lapak")),
    ("beggars", ("pengemis", "gelandangan", "anak jalanan", "pengamen", "masalah sosial", "pmks")),
    ("water_supply", ("air bersih", "pam jaya", "pdam", "air pam", "air keruh", "air mati")),
    ("waste", ("sampah", "limbah", "tps")),
    ("noise", ("bising", "kebisingan", "berisik", "gangguan suara", "karaoke", "knalpot")),
    (
        "crime_disorder",
        ("begal", "copet", "jambret", "tawuran", "pencurian", "maling", "preman", "pungli", "ketertiban"),
    ),
    ("traffic_jam", ("macet", "kemacetan", "lalu lintas")),
    (
        "public_facility",
        ("fasilitas umum", "halte", "taman", "jpo", "trotoar", "toilet umum", "jembatan penyeberangan"),
    ),
)

_IN_TEXT_TOO_COMMON = frozenset({"jalan"})
"""Words that tell something as LAPOR's category, but stand in any text (every other address is a *jalan*)."""


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in words)})\b")


_OF_CATEGORY = [(code, _pattern(words)) for code, words in _WORDS]
_OF_TEXT = [
    (code, _pattern(tuple(word for word in words if word not in _IN_TEXT_TOO_COMMON))) for code, words in _WORDS
]


def category_of(kategori: str | None, title: str | None, text: str | None) -> str:
    """A category code of the hub; `other` where no word is known."""
    told = (kategori or "").casefold()
    found = next((code for code, pattern in _OF_CATEGORY if pattern.search(told)), None)
    if found:
        return found
    words = f"{title or ''} {text or ''}".casefold()
    return next((code for code, pattern in _OF_TEXT if pattern.search(words)), "other")
