"""Both word indexes give the same ids: for the hundred labelled queries, for any text, for every operator they know."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.search_query import Phrase, SearchQuery, SearchRefused, parse_search
from domain.words import field_tokens, tokens
from storage.reports.filter.word_index import (
    FTS5_DECLARATION,
    MAX_POSITIONS_A_LEXEME,
    fts5_document,
    fts5_match,
    tsquery_literal,
    tsvector_literal,
)
from tests.postgres import fresh_database

LABELLED = json.loads((Path(__file__).parent / "data/labelled_queries.json").read_text())


class Stores:
    """The two indexes side by side, asked the same."""

    def __init__(self, loop: asyncio.Runner, postgres: "asyncpg.Connection[Any]") -> None:
        self._loop = loop
        self._postgres = postgres
        self._sqlite = sqlite3.connect(":memory:")
        self._sqlite.execute(f"CREATE VIRTUAL TABLE words USING {FTS5_DECLARATION}")
        self._run("CREATE TABLE words (id int PRIMARY KEY, vector tsvector NOT NULL)")
        self._run("CREATE INDEX ON words USING gin (vector)")
        self._run("SET enable_seqscan = off")
        self._held: Mapping[int, Sequence[str]] | None = None

    def hold(self, documents: Mapping[int, Sequence[str]]) -> None:
        """Keep these documents and no others; each is a list of tokens."""
        if documents == self._held:
            return
        self._held = documents
        self._sqlite.execute("DELETE FROM words")
        rows = [(id_, fts5_document(found)) for id_, found in documents.items()]
        self._sqlite.executemany("INSERT INTO words (rowid, doc) VALUES (?, ?)", rows)
        self._run("DELETE FROM words")
        vectors = [tsvector_literal(found) for found in documents.values()]
        self._run("INSERT INTO words SELECT * FROM unnest($1::int[], $2::text[]::tsvector[])", list(documents), vectors)

    def ids(self, query: SearchQuery) -> list[int]:
        """What both say. Fails if they do not say the same."""
        found = self._sqlite.execute("SELECT rowid FROM words WHERE words MATCH ?", (fts5_match(query),))
        by_fts5 = sorted(id_ for (id_,) in found)
        rows = self._run("SELECT id FROM words WHERE vector @@ $1::text::tsquery", tsquery_literal(query))
        by_tsvector = sorted(row["id"] for row in rows)
        assert by_fts5 == by_tsvector, query
        return by_fts5

    def search(self, text: str) -> list[int]:
        return self.ids(parse_search(text))

    def _run(self, statement: str, *arguments: object) -> list[Any]:
        return list(self._loop.run(self._postgres.fetch(statement, *arguments)))

    def close(self) -> None:
        self._sqlite.close()
        self._loop.run(self._postgres.close())


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    url = fresh_database("words").replace("+asyncpg", "")
    with asyncio.Runner() as loop:
        both = Stores(loop, loop.run(asyncpg.connect(url)))
        yield both
        both.close()


@pytest.fixture
def labelled(stores: Stores) -> Stores:
    stores.hold({int(id_): tokens(text) for id_, text in LABELLED["texts"].items()})
    return stores


@pytest.fixture
def few(stores: Stores) -> Stores:
    stores.hold({id_: tokens(text) for id_, text in OPERATOR_TEXTS.items()})
    return stores


class TestLabelledQueries:
    def test_there_are_a_hundred(self) -> None:
        assert len({label["query"] for label in LABELLED["queries"]}) == 100

    @pytest.mark.parametrize("label", LABELLED["queries"], ids=lambda label: label["query"])
    def test_both_stores_give_what_a_person_expects(self, labelled: Stores, label: dict[str, Any]) -> None:
        assert labelled.search(label["query"]) == label["ids"]


OPERATOR_TEXTS = {
    1: "banjir macet",
    2: "banjir",
    3: "macet",
    4: "banjir or macet and not near",
    5: "doc text rowid words rank banjir",
    6: "macet banjir",
}
AS_WORDS = {
    "banjir OR macet": [4],
    "banjir AND macet": [4],
    "banjir NOT macet": [4],
    "banjir NEAR macet": [4],
    "NEAR(banjir macet, 5)": [],
    "banjir & macet": [1, 4, 6],
    "banjir | macet": [1, 4, 6],
    "banjir & !macet": [1, 4, 6],
    "!banjir": [1, 2, 4, 5, 6],
    "banjir <-> macet": [1, 4, 6],
    "banjir<->macet": [1],
    "banjir<2>macet": [],
    "banjir + macet": [1, 4, 6],
    "banjir+macet": [1],
    "ban*": [],
    "ban:*": [],
    "banjir*": [1, 2, 4, 5, 6],
    "banjir:*": [1, 2, 4, 5, 6],
    "banjir:A": [],
    "^banjir": [1, 2, 4, 5, 6],
    "doc:banjir": [],
    "words : banjir": [5],
    "{doc text}: banjir": [5],
    "- {doc} : banjir": [5],
    "(banjir": [1, 2, 4, 5, 6],
    "banjir) -(macet": [2, 5],
    "'banjir' ''macet": [1, 4, 6],
    "banjir'macet": [],
    "banjir\\' macet": [1, 4, 6],
    'banjir"macet': [1, 4, 6],
    'banjir""macet': [1, 4, 6],
    '"banjir macet': [1],
    "banjir\x00macet": [1],
    "banjir; DROP TABLE words; --": [],
    "banjir¶macet": [1],
    "banjir -macet": [2, 5],
    "macet -banjir": [3],
}
SPECIALS = [
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR/5",
        "NEAR(",
        "*",
        "^",
        ":",
        "(",
        ")",
        '"',
        '""',
        "'",
        "''",
        "\\",
        "-",
        "--",
        "+",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "<->",
        "<2>",
        "&",
        "&&",
        "|",
        "||",
        "!",
        "!!",
        ":*",
        ":A",
        ":*B",
        "\x00",
        "\x1a",
        "%",
        "_",
        "?",
    ),
    *(
        "$1",
        ";",
        ",",
        ".",
        "/",
        "=",
        "<",
        ">",
        "~",
        "`",
        "@@",
        "#",
        "¶",
        "\u2028",
        "\ufffe",
        "\ud800",
        "\U0010ffff",
        "\n",
    ),
]


class TestOperators:
    @pytest.mark.parametrize("text", AS_WORDS)
    def test_an_operator_is_a_word_or_a_gap(self, few: Stores, text: str) -> None:
        assert few.search(text) == AS_WORDS[text]

    @pytest.mark.parametrize("special", SPECIALS)
    def test_special_characters_anywhere_are_no_error(self, few: Stores, special: str) -> None:
        for pattern in (
            "{} banjir",
            "banjir {}",
            "banjir{}macet",
            '"banjir {}"',
            "macet -{} banjir",
            "macet {}banjir{}",
            "banjir {} macet",
        ):
            query = parse_search(pattern.replace("{}", special))
            assert few.ids(query) == by_hand(query, {i: tokens(text) for i, text in OPERATOR_TEXTS.items()})

    def test_a_quote_or_backslash_in_a_token_would_do_no_harm(self, few: Stores) -> None:
        for nasty in ("a'b", "a''", "\\", "a\\'b", "'"):
            query = SearchQuery(((nasty,), ("banjir",)))
            few.hold({1: [nasty, "banjir"], 2: ["banjir"]})
            assert (
                few._run("SELECT id FROM words WHERE vector @@ $1::text::tsquery", tsquery_literal(query))[0]["id"] == 1
            )


class TestLimits:
    def test_more_of_one_word_than_postgresql_keeps(self, stores: Stores) -> None:
        many = MAX_POSITIONS_A_LEXEME + 44
        stores.hold({1: tokens("air " * many + "kotor"), 2: tokens("kotor " + "air kotor " * many + "sekali")})
        assert stores.search('"air kotor"') == [2]
        assert stores.search('"kotor sekali"') == []
        assert stores.search("sekali air") == [2]

    def test_more_words_than_postgresql_has_positions(self, stores: Stores) -> None:
        numbers = [str(number) for number in range(20_000)]
        stores.hold({1: numbers})
        assert stores.search('"16381 16382"') == [1]
        with pytest.raises(SearchRefused):
            stores.search("-16383")
        assert stores.search("16383") == []

    def test_the_longest_words_there_can_be(self, stores: Stores) -> None:
        alphabet = [chr(0x10428 + offset) for offset in range(40)]
        stores.hold({1: tokens(" ".join((first + second) * 20 for first in alphabet for second in alphabet))})
        assert stores.search(alphabet[0] * 60) == [1]

    def test_no_phrase_reaches_from_one_field_into_another(self, stores: Stores) -> None:
        stores.hold({1: field_tokens("Jalan rusak", "parah di Tebet"), 2: field_tokens("Jalan rusak parah", None)})
        assert stores.search('"rusak parah"') == [2]
        assert stores.search("rusak parah") == [1, 2]


def by_hand(query: SearchQuery, documents: Mapping[int, Sequence[str]]) -> list[int]:
    """What a search means, without any index."""

    def has(document: Sequence[str], phrase: Phrase) -> bool:
        starts = range(len(document) - len(phrase) + 1)
        return any(tuple(document[start : start + len(phrase)]) == phrase for start in starts)

    return sorted(
        id_
        for id_, document in documents.items()
        if all(has(document, phrase) for phrase in query.all_of)
        and not any(has(document, phrase) for phrase in query.none_of)
    )


WORDS = st.sampled_from(
    [
        "banjir",
        "Kebanjiran",
        "jalan",
        "jl.melati",
        "3in1",
        "macet",
        "OR",
        "not",
        "東京",
        "ꬰꬱ",
        "ӿ",
        "Straße",
        "ǅ",
        "𐐨",
        "𑄐x",
    ]
)
JOINTS = st.sampled_from([" ", "-", " -", '"', ' "', '" ', ' -"', "*", ":", " OR ", "'", "\x00", "🌊"])
SOUP = st.lists(WORDS | JOINTS | st.text(max_size=3), max_size=12).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(SOUP | st.text(max_size=40), min_size=1, max_size=6), queries=st.lists(SOUP, min_size=4, max_size=8)
)
def test_any_texts_and_any_queries_agree(stores: Stores, texts: list[str], queries: list[str]) -> None:
    documents = {id_: tokens(text) for id_, text in enumerate(texts)}
    stores.hold(documents)
    for typed in [*queries, *(text[:100] for text in texts)]:
        try:
            query = parse_search(typed)
        except SearchRefused:
            continue
        assert stores.ids(query) == by_hand(query, documents)
