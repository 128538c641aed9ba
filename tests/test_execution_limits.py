"""What is too large is refused: by name, with the limit and the value, and after work that does not grow with the rest."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from graphql import build_schema

from execution import Engine, Limits, RequestRefused
from tests.door import try_schema
from tests.running import ROOT
from tests.steps import steps_of
from transport.settings.configuration import Settings

TINY = Limits(
    bytes=400,
    tokens=100,
    nesting=12,
    depth=4,
    fields=40,
    repeats=30,
    aliases=3,
    root_fields=5,
    directives=3,
    fragments=3,
    operations=2,
    list_items=4,
    input_depth=3,
    input_values=10,
)


OF_ANYTHING = "query ($s: Any) { a(of: $s) }"


def refusal(engine: Engine, text: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    with pytest.raises(RequestRefused) as refused:
        engine.prepare(text, None, variables)
    (error,) = refused.value.errors
    return error


@pytest.mark.parametrize(
    ("what", "text", "value"),
    [
        ("bytes", "{ hello } # " + "x" * 400, 412),
        ("bytes", "{ hello } # " + "é" * 200, 412),
        ("tokens", "{ hello " + "#\n" * 101 + "}", 101),
        ("nesting", "{ a(b: " + "[" * 11, 13),
        ("depth", "{ reports(first: 1) { parent { parent { parent { id } } } } }", 5),
        ("depth", "{ reports(first: 1) { ...F } } fragment F on Report { parent { parent { parent { id } } } }", 5),
        ("fields", "{ ...A ...A ...A } fragment A on Query { ...B ...B ...B ...B } fragment B on Query { now hello }", 53),
        ("repeats", "{ " + "hello " * 7 + "}", 42),
        ("repeats", '{ hello(name: "a") hello(name: "a") hello(name: "a") hello(name: "a") ...F } fragment F on Query { '
         + 'hello(name: "a") }', 40),
        ("aliases", "{ a: hello b: hello c: hello d: hello }", 4),
        ("root_fields", "{ hello seen mistake broken slow odd }", 6),
        ("directives", "{ hello " + "@skip(if: false) " * 4 + "}", 4),
        ("fragments", "{ hello } " + " ".join(f"fragment F{n} on Query {{ hello }}" for n in range(4)), 4),
        ("operations", "query A { hello } query B { hello } query C { hello }", 3),
        ("list_items", "{ hello(name: [1, 2, 3, 4, 5]) }", 5),
        ("list_items", "query ($n: Int = [1, 2, 3, 4, 5]) { hello }", 5),
        ("input_depth", "{ hello(name: {a: {b: {c: {d: 1}}}}) }", 4),
        ("input_depth", "{ hello @skip(if: [[[[1]]]]) }", 4),
    ],
)  # fmt: skip
def test_a_document_over_a_limit_is_told_which(what: str, text: str, value: int) -> None:
    error = refusal(Engine(try_schema(), TINY), text)
    told = error["extensions"]
    assert (told["limited"], told["limit"], told["value"]) == (what, getattr(TINY, what), value)
    assert told["code"] == (
        "GRAPHQL_PARSE_FAILED" if what in ("bytes", "tokens", "nesting") else "GRAPHQL_VALIDATION_FAILED"
    )
    assert f"{told['limit']:,}" in error["message"] and f"{value:,}" in error["message"]


@pytest.mark.parametrize(
    ("what", "variables", "value"),
    [
        ("list_items", {"s": [1, 2, 3, 4, 5]}, 5),
        ("input_depth", {"s": {"a": {"b": {"c": {}}}}}, 4),
        ("input_values", {f"v{number}": number for number in range(20)}, 11),
        ("input_values", {"s": {f"v{number}": number for number in range(20)}}, 20),
    ],
)
def test_variables_over_a_limit_are_told_which(what: str, variables: dict[str, Any], value: int) -> None:
    error = refusal(Engine(build_schema("scalar Any type Query { a(of: Any): Int }"), TINY), OF_ANYTHING, variables)
    told = error["extensions"]
    assert told == {
        "code": "BAD_USER_INPUT",
        "limited": what,
        "limit": getattr(TINY, what),
        "value": value,
    }


@pytest.mark.parametrize("what", ["aliases", "root_fields", "fragments", "operations", "depth"])
def test_what_is_just_within_the_limit_is_taken(what: str) -> None:
    within = {
        "aliases": "{ a: hello b: hello c: hello }",
        "root_fields": "{ hello seen mistake broken slow }",
        "fragments": "{ ...F0 ...F1 ...F2 } " + " ".join(f"fragment F{n} on Query {{ hello }}" for n in range(3)),
        "operations": "query A { hello } query B { seen }",
        "depth": "{ reports(first: 1) { parent { parent { id } } } }",
    }
    text = within[what]
    Engine(try_schema(), TINY).prepare(text, "A" if what == "operations" else None)


def test_fragments_in_a_circle_are_refused_in_plain_words() -> None:
    circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { hello ...A }"
    error = refusal(Engine(try_schema()), circle)
    assert error["message"] == "Cannot spread fragment 'A' within itself."
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["locations"]


def test_only_so_many_mistakes_are_told() -> None:
    engine = Engine(try_schema(), Limits(errors=5))
    with pytest.raises(RequestRefused) as refused:
        engine.prepare("{ " + " ".join(f"no{number}" for number in range(30)) + " }")
    assert [error["message"][:12] for error in refused.value.errors] == ["Cannot query"] * 5 + ["Too many val"]


def test_only_so_many_mistakes_in_variables_are_told() -> None:
    engine = Engine(build_schema("type Query { a(of: [Int!]): Int }"), Limits(errors=5))
    with pytest.raises(RequestRefused) as refused:
        engine.prepare("query ($of: [Int!]) { a(of: $of) }", None, {"of": ["x"] * 400})
    assert len(refused.value.errors) == 5


def _laughs(size: int) -> str:
    fragments = (f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(size))
    return "{ ...F0 } " + " ".join(fragments) + f" fragment F{size} on Query {{ hello }}"


def _circle(size: int) -> str:
    return "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % size} }}" for n in range(size))


def _every_fragment_in_every_other(size: int) -> str:
    """With about `size` spreads."""
    size = round((2 * size) ** 0.5)
    spreads = [" ".join(f"...F{m}" for m in range(n + 1, size)) for n in range(size)]
    return "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ hello {spreads[n]} }}" for n in range(size))


HOSTILE: dict[str, Callable[[int], str]] = {
    "ten thousand aliases": lambda size: "{ " + " ".join(f"a{n}: hello" for n in range(size)) + " }",
    "the same field": lambda size: "{ " + "hello " * size + "}",
    "the same field with long arguments": lambda size: "{ " + ("hello(name: [" + "1 " * 40 + "]) ") * size + "}",
    "a field within a field": lambda size: "{ reports(first: 1) " + "{ parent " * size + "}" * (size + 1),
    "deep objects": lambda size: "{ hello(name: " + "{a: " * size + "1" + "}" * size + ") }",
    "a long list": lambda size: "{ hello(name: [" + "1 " * size + "]) }",
    "billion laughs": _laughs,
    "a circle of fragments": _circle,
    "every fragment in every other": _every_fragment_in_every_other,
    "fragments side by side": lambda size: (
        "{ " + " ".join(f"...F{n}" for n in range(size)) + " } "
        + " ".join(f"fragment F{n} on Query {{ hello }}" for n in range(size))
    ),
    "operations": lambda size: " ".join(f"query Q{n} {{ hello }}" for n in range(size)),
    "directives": lambda size: "{ hello " + "@skip(if: false) " * size + "}",
    "mistakes": lambda size: "{ " + " ".join(f"no{n}" for n in range(size)) + " }",
    "variables nobody uses": lambda size: "query (" + " ".join(f"$v{n}: Int" for n in range(size)) + ") { hello }",
    "types nobody knows": lambda size: " ".join(f"type T{n} {{ a: Int }}" for n in range(size)),
    "comments": lambda size: "{ hello }" + "#\n" * size,
    "one long text": lambda size: '{ hello(name: "' + "x" * size * 500 + '") }',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_to_refuse_does_not_grow_without_end(name: str) -> None:
    """Ten and twenty thousand of it: refused after as many steps, for all that comes behind a limit is not read."""
    short_enough = Limits() if name == "one long text" else replace(Limits(), bytes=10**9)
    engine = Engine(try_schema(), short_enough)
    refusal_or_mistakes(engine, HOSTILE[name](100))
    ten, twenty = (_steps(engine, HOSTILE[name](size)) for size in (10_000, 20_000))
    assert twenty <= ten * 1.05 + 100
    assert ten < 250_000  # reading three thousand tokens, which takes some tens of milliseconds


def refusal_or_mistakes(engine: Engine, text: str) -> None:
    """Many of these are valid while they are small."""
    try:
        engine.prepare(text)
    except RequestRefused as error:
        assert error.errors


def _steps(engine: Engine, text: str) -> int:
    def prepare() -> None:
        with pytest.raises(RequestRefused):
            engine.prepare(text)

    return steps_of(prepare)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_small_enough_to_be_looked_at_grows_no_faster_than_it_is_long(name: str) -> None:
    """With the text's own limits out of the way, what counts the rest takes twice as long for twice as much."""
    wide = replace(Limits(), bytes=10**9, tokens=10**9)
    engine = Engine(try_schema(), wide)
    small, large = (_steps_taken(engine, HOSTILE[name](size)) for size in (400, 800))
    assert large <= small * 2.4 + 1_000


def _steps_taken(engine: Engine, text: str) -> int:
    return steps_of(lambda: refusal_or_mistakes(engine, text))


@pytest.mark.parametrize("shape", ["flat", "deep"])
def test_variables_are_counted_only_up_to_the_limit(shape: str) -> None:
    engine = Engine(build_schema("scalar Any type Query { a(of: Any): Int }"))
    engine.prepare(OF_ANYTHING, None, {"s": 1})

    def value(size: int) -> Any:
        if shape == "flat":
            return [[{"a": n}, n] for n in range(400)] + [list(range(400)) for _ in range(size // 400)]
        nested: Any = 1
        for _ in range(size):
            nested = {"a": nested}
        return nested

    def steps(size: int) -> int:
        variables = {"s": value(size)}

        def prepare() -> None:
            with pytest.raises(RequestRefused):
                engine.prepare(OF_ANYTHING, None, variables)

        return steps_of(prepare)

    ten, twenty = steps(10_000), steps(20_000)
    assert twenty <= ten * 1.05 + 100
    assert ten < 50_000


def test_five_megabytes_are_refused_by_their_length_alone() -> None:
    engine = Engine(try_schema())
    text = "{ " + "hello " * 850_000 + "}"
    error = refusal(engine, text)
    assert error["extensions"]["value"] == len(text) > 5_000_000
    assert _steps(engine, text) < 200


def test_the_guide_tells_each_limit_as_it_is() -> None:
    guide = (ROOT / "docs" / "frontends.md").read_text().partition("## Limits\n")[2].partition("\n## ")[0]
    told: dict[str, str] = {}
    for names, numbers in re.findall(r"^\| (`[^|]*) \| ([0-9, ]+) \|", guide, re.MULTILINE):
        told |= dict(zip(re.findall(r"`(\w+)`", names), re.split(r", (?=\d)", numbers.strip()), strict=True))
    known = {field.name: f"{getattr(Limits(), field.name):,g}" for field in fields(Limits) if field.name != "errors"}
    doors = {
        name: f"{field.default:,g}" for name, field in Settings.model_fields.items() if name in told.keys() - known
    }
    assert told == known | doors and doors, "the door's own limits stand there too, each as its setting is by default"
