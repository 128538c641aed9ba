"""What a compiled plan asks for: only the columns that are read, each batch once for all its rows, trusted documents ahead."""

import asyncio
import gc
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from execution import Engine, RequestRefused
from execution.documents import Documents
from execution.readings import Batch, Column, Once, Reading, Same, Value, guard, put


@dataclass
class Asking:
    """A context that keeps what was asked: functions with how many rows, and columns."""

    calls: list[tuple[str, int, Any]] = field(default_factory=list)
    loaders: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Book:
    id: int
    title: str = "A title"
    pages: int = 300
    author_id: int | None = 1


async def books(ctx: Asking, *, first: int = 2, columns: frozenset[str] | None) -> list[Book]:
    ctx.calls.append(("books", 1, columns))
    return [Book(number, author_id=None if number == 2 else number) for number in range(1, first + 1)]


async def authors(keys: Sequence[int], ctx: Asking) -> list[Book]:
    ctx.calls.append(("authors", len(keys), None))
    return [Book(key) for key in keys]


async def similar(rows: Sequence[Book], ctx: Asking, *, columns: frozenset[str] | None) -> list[list[Book]]:
    ctx.calls.append(("similar", len(rows), columns))
    return [[Book(10), Book(11)] for _ in rows]


def _read(type_: Any, reading: Reading, **arguments: GraphQLArgument) -> GraphQLField:
    made = GraphQLField(type_, arguments)
    put(made, reading)
    return made


AUTHOR = GraphQLObjectType("Author", lambda: {"name": _read(GraphQLString, Column("title"))})
BOOK = GraphQLObjectType(
    "Book",
    lambda: {
        "title": _read(GraphQLString, Column("title")),
        "pages": _read(GraphQLInt, Column("pages")),
        "isLong": _read(GraphQLBoolean, Value(lambda book, _: book.pages > 200, needs=("pages",))),
        "odd": _read(GraphQLBoolean, Value(lambda book, _: book.id % 2 == 1)),
        "author": _read(AUTHOR, Batch(authors, key="author_id")),
        "similar": _read(GraphQLList(BOOK), Batch(similar, needs=("title",), rows_of="Book")),
        "cover": _read(COVER, Same()),
        "jacket": _read(COVER, Same(unless_none=("author_id",))),
        "boards": _read(GraphQLNonNull(COVER), Same(unless_none=("author_id",))),
        "secret": _secret(),
    },
)
COVER = GraphQLObjectType(
    "Cover",
    lambda: {"pages": _read(GraphQLInt, Column("pages")), "inner": _read(COVER, Same(unless_none=("author_id",)))},
)


def _secret() -> GraphQLField:
    made = _read(GraphQLString, Column("title"))
    guard(made, (_refuse,))
    return made


def _refuse(_context: Any, _given: Any) -> None:
    raise PermissionError("not for you")


def engine() -> Engine:
    keywords = Once(books, arguments=lambda given: given, rows_of="Book")
    first = GraphQLArgument(GraphQLInt, default_value=2)
    query = GraphQLObjectType("Query", lambda: {"books": _read(GraphQLList(BOOK), keywords, first=first)})
    return Engine(GraphQLSchema(query), present_error=lambda error: dict(error.formatted))


async def asked(text: str, variables: dict[str, Any] | None = None) -> tuple[Any, Asking]:
    running, asking = engine(), Asking()
    answer = await running.execute(running.prepare(text, None, variables), asking)
    return answer, asking


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("title", {"title"}),
        ("t: title pages", {"title", "pages"}),
        ("isLong", {"pages"}),
        ("author { name }", {"author_id"}),
        ("similar { pages }", {"title"}),
        ("cover { pages }", {"pages"}),
        ("jacket { pages }", {"pages", "author_id"}),
        ("cover { inner { __typename } }", {"author_id"}),
        ("...F", {"title", "pages"}),
        ("__typename", set()),
        ("title odd", None),
        ("title @skip(if: true) pages", {"pages"}),
    ],
)
async def test_only_the_columns_that_are_read_are_asked_for(selection: str, columns: set[str] | None) -> None:
    fragment = "fragment F on Book { title cover { pages } }" if "...F" in selection else ""
    answer, asking = await asked(f"{{ books {{ {selection} }} }} {fragment}")
    assert not answer.errors
    assert asking.calls[0] == ("books", 1, columns)


async def test_conditions_by_variables_have_plans_of_their_own() -> None:
    running, text = engine(), "query ($long: Boolean!) { books { title pages @include(if: $long) } }"
    for long, columns in ((True, {"title", "pages"}), (False, {"title"}), (True, {"title", "pages"})):
        asking = Asking()
        answer = await running.execute(running.prepare(text, None, {"long": long}), asking)
        assert asking.calls == [("books", 1, columns)]
        assert [("pages" in book) for book in answer.data["books"]] == [long, long]


async def test_a_batch_is_called_once_for_all_rows_wherever_they_are() -> None:
    answer, asking = await asked("{ a: books(first: 3) { author { name } } b: books(first: 1) { author { name } } }")
    assert [call[:2] for call in asking.calls] == [("books", 1), ("books", 1), ("authors", 3)]
    assert [book["author"] and book["author"]["name"] for book in answer.data["a"]] == ["A title", None, "A title"]


async def test_the_same_asked_twice_is_asked_once_with_the_columns_of_both() -> None:
    answer, asking = await asked("{ a: books { title } b: books { pages } }")
    assert asking.calls == [("books", 1, {"title", "pages"})]
    assert answer.data == {"a": [{"title": "A title"}] * 2, "b": [{"pages": 300}] * 2}


async def test_what_is_guarded_is_refused_on_its_own_field_alone() -> None:
    answer, _ = await asked("{ books { title secret } }")
    assert answer.data == {"books": [{"title": "A title", "secret": None}] * 2}
    assert [error["path"] for error in answer.errors] == [["books", 0, "secret"], ["books", 1, "secret"]]


async def test_what_is_spent_is_counted_from_the_objects() -> None:
    answer, _ = await asked("{ books(first: 5) { title author { name } } }")
    assert answer.spent == 5 + 4  # five books, four authors


async def test_a_row_shown_as_another_type_is_null_where_it_has_nothing_to_show() -> None:
    answer, _ = await asked("{ books { cover { inner { pages } } jacket { pages a: pages } } }")
    assert answer.data["books"] == [
        {"cover": {"inner": {"pages": 300}}, "jacket": {"pages": 300, "a": 300}},
        {"cover": {"inner": None}, "jacket": None},
    ]
    covers, inner, jackets = 2, 1, 1
    assert answer.spent == 2 + covers + inner + jackets + 1  # the pages that are asked for twice


async def test_an_error_within_a_row_shown_as_another_type_is_told_where_it_is() -> None:
    answer, _ = await asked("{ books { title boards { pages } cover { pages } } }")
    assert answer.data == {"books": [{"title": "A title", "boards": {"pages": 300}, "cover": {"pages": 300}}, None]}
    assert [error["path"] for error in answer.errors] == [["books", 1, "boards"]]


async def test_a_run_that_is_broken_off_leaves_nothing_that_was_never_awaited() -> None:
    """Whoever leaves is no reason for a warning in the log."""
    entered = asyncio.Event()

    async def endless(keys: Sequence[int], ctx: Asking) -> list[Book]:
        entered.set()
        await asyncio.Event().wait()
        return []

    async def count() -> int:
        return 1

    counted = GraphQLObjectType(
        "Query",
        {
            "count": _read(GraphQLInt, Value(lambda _row, _ctx: count())),
            "book": _read(BOOK, Batch(endless)),
        },
    )
    running = Engine(GraphQLSchema(counted))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asked = asyncio.create_task(running.execute(running.prepare("{ count book { title } }"), Asking()))
        await entered.wait()
        asked.cancel()
        await asyncio.wait((asked,))
        del asked
        gc.collect()
    assert [str(each.message) for each in told] == []


def test_trusted_documents_are_kept_for_good() -> None:
    running, text = engine(), "{ books { title } }"
    running.check(text)
    for number in range(1_100):
        running.prepare(f"{{ a{number}: books {{ title }} }}")
    assert running.has_read(text)
    assert not running.has_read("{ a0: books { title } }")


def test_what_was_prepared_of_a_document_is_let_go_of_with_it() -> None:
    """Else many long ones, each prepared once, would hold many times the memory that documents may."""
    documents, text = Documents(engine().schema, count=3), "{ books { title } }"
    documents.get(text)
    prepared = engine().prepare(text)
    documents.remember(text, (None, b""), prepared)
    assert documents.prepared(text, (None, b"")) is prepared
    held = weakref.ref(prepared.plan)
    del prepared
    for number in range(3):
        documents.get(f"{{ a{number}: books {{ title }} }}")
    gc.collect()
    assert held() is None
    assert documents.prepared(text, (None, b"")) is None


def test_much_that_is_asked_of_one_document_counts_as_much() -> None:
    """Documents leave for what is kept of another: all together have a bound."""
    documents, prepared = Documents(engine().schema, tokens=1_000), engine().prepare("{ books { title } }")
    texts = [f"query Q{number} {{ books {{ title }} }}" for number in range(40)]
    for text in texts:
        documents.get(text)
    assert len(documents) == 40
    for text in texts:
        documents.get(text)
        for n in range(20):
            documents.remember(text, (None, b"%d" % n), prepared)
    kept = [text for text in texts if text in documents]
    assert kept == texts[-len(kept) :]
    assert 5 < len(kept) < 15


def test_what_was_asked_with_many_variables_weighs_as_much_as_they_do() -> None:
    """Four thousand characters become fifty kilobytes of small texts."""
    running, text = engine(), "{ books { title } }"
    running._documents = documents = Documents(running.schema, tokens=2_000)
    for number in range(300):
        running.prepare(text, None, {"unused": [f"{number}-{place}" for place in range(300)]})
        assert documents._size <= 2_000
    assert running.recall(text, None, {"unused": [f"299-{place}" for place in range(300)]}) is not None
    assert running.recall(text, None, {"unused": [f"0-{place}" for place in range(300)]}) is None


def test_what_is_asked_of_trusted_documents_has_the_same_bound() -> None:
    running, trusted = engine(), [f"query T{number} {{ books {{ title }} }}" for number in range(3)]
    running._documents = documents = Documents(running.schema, tokens=2_000)
    for text in trusted:
        running.check(text)
    for number in range(300):
        for text in trusted:
            running.prepare(text, None, {"unused": [f"{number}-{place}" for place in range(200)]})
            assert documents._size <= 2_000
    assert all(text in documents for text in trusted)


def test_of_the_variants_of_an_operation_only_so_many_are_planned() -> None:
    """Planning is dear and asking nearly free; the others are left to graphql-core."""
    running, names = engine(), "abcdef"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: title @include(if: ${name})" for name in names)
    text = f"query ({declared}) {{ books {{ {fields} title }} }}"
    asked = [{name: bool(number >> place & 1) for place, name in enumerate(names)} for number in range(64)]
    assert sum(running.prepare(text, None, variables).plan is not None for variables in asked) == 16


def test_equal_requests_have_equal_keys() -> None:
    running, text = engine(), "query ($n: Int) { books(first: $n) { title } }"
    keys = [running.prepare(text, None, variables).key for variables in ({"n": 1}, {"n": 2}, {"n": 1}, {})]
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3
    with pytest.raises(RequestRefused):
        running.prepare(text, None, {"n": "one"})
