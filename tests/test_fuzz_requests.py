"""Requests of any form at the door: bodies, multipart parts, addresses and headers. Each is answered or refused, none is a 500."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from domain.vocabulary import Locale
from tests.door import TryHub
from tests.fuzzing import CORPUS, NASTY_TEXTS, damaged, drawn, once_disturbed
from transport import GraphQLDoor, graphql_app
from transport.hub import locale_of

Header = tuple[bytes, bytes]

QUERY = {
    "query": "query ($n: String) { hello(name: $n) }",
    "variables": {"n": "Sari"},
    "operationName": None,
    "extensions": {},
}
OPERATIONS = '{"query": "mutation ($f: Upload!) { upload(file: $f) }", "variables": {"f": null}}'
MULTIPART = (
    '--B\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + OPERATIONS + "\r\n"
    '--B\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0": ["variables.f"]}\r\n'
    '--B\r\nContent-Disposition: form-data; name="0"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--\r\n'
).encode()
FORM = [(b"content-type", b"multipart/form-data; boundary=B"), (b"graphql-require-preflight", b"1")]
JSON = [(b"content-type", b"application/json")]
REFUSED = {400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 422, 429}


async def knock(door: GraphQLDoor, method: str, headers: list[Header], body: bytes = b"", query: bytes = b"") -> int:
    """One request as the server hands it on, any bytes anywhere. Gives the status; fails for a 5xx and for INTERNAL."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"hub"), *headers],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }
    pieces = [body[start : start + 64] for start in range(0, len(body), 64)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)} if pieces else await _never()

    async def send(message: Any) -> None:
        sent.append(message)

    await door(scope, receive, send)
    status = sent[0]["status"]
    told = b"".join(message.get("body", b"") for message in sent[1:])
    given = (method, headers, body[:300], query[:300])
    assert status in {200, 204, 304} | REFUSED, given
    assert b'"INTERNAL"' not in told, given
    assert status == 304 or not (dict(sent[0]["headers"]).get(b"content-type", b"").startswith(b"text/html")), given
    return int(status)


async def _never() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def statuses(requests: list[tuple[str, list[Header], bytes, bytes]]) -> list[int]:
    hub = TryHub()
    mutations = hub.engine.schema.mutation_type
    assert mutations is not None
    mutations.fields["upload"].resolve = _size_of  # that of the small hub takes every file for text
    door = graphql_app(hub)
    return [await knock(door, method, headers, body, query) for method, headers, body, query in requests]


async def _size_of(_: Any, info: Any, file: Any) -> str:
    return f"{file.filename} {len(await file.read())}"


def corpus(family: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / family).iterdir())]


async def test_multipart_bodies() -> None:
    """The sound one is taken, hundreds of damaged ones are refused or still sound, and those that are kept are all refused."""
    bodies = drawn(damaged(st.just(MULTIPART)), 400)
    given = await statuses([("POST", FORM, body, b"") for body in (MULTIPART, *corpus("multipart"), *bodies)])
    kept = len(corpus("multipart"))
    assert given[0] == 200
    assert set(given[1 : kept + 1]) <= REFUSED
    assert set(given[kept + 1 :]) <= {200} | REFUSED and len(set(given)) > 2


async def test_boundaries_of_any_form() -> None:
    texts = st.one_of(
        st.sampled_from(['"', '""', "B" * 5_000, "B;boundary=C", '"B', "B\\", " B", "%42", "=?utf-8?q?B?="]),
        st.text(max_size=20),
    )
    types = [f"multipart/form-data; boundary={text}".encode("latin-1", "replace") for text in drawn(texts, 60)]
    headers = [[(b"content-type", type_), (b"graphql-require-preflight", b"1")] for type_ in types]
    assert set(await statuses([("POST", each, MULTIPART, b"") for each in headers])) <= {200} | REFUSED


async def test_json_bodies() -> None:
    in_form = once_disturbed([QUERY]).map(lambda told: json.dumps(told).encode())
    bodies = drawn(st.one_of(in_form, damaged(st.just(json.dumps(QUERY).encode()))), 400)
    bodies += [opening * 100_000 for opening in (b"[", b'{"query":', b'{"variables":{"a":')]
    bodies += [
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"{}" * 2,
        b'{"query":"{ hello }"} x',
        b'{"query":"\\ud800"}',
        b'{"query":1e999}',
    ]
    given = await statuses([("POST", JSON, body, b"") for body in bodies])
    assert {200, 400} <= set(given)


async def test_addresses() -> None:
    """Whatever stands behind the question mark."""
    sound = b"query=%7Bhello%7D&variables=%7B%7D&operationName=&extensions=%7B%7D"
    odd = [
        b"query",
        b"&" * 5_000,
        b"query=%",
        b"query=%ff",
        b"query=%00",
        b"=%7B",
        b"query=" + quote_from_bytes(b"\xf0\x9f").encode(),
    ]
    queries = drawn(damaged(st.just(sound)), 300) + odd
    given = await statuses([("GET", [], b"", query) for query in (sound, *queries)])
    assert given[0] == 200 and {200, 400} <= set(given)


READ_HEADERS = (
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "if-none-match",
    "last-event-id",
    "origin",
    "simpul-api-key",
    "simpul-follow-token",
    "x-forwarded-for",
)
PIECES = (
    "application/json",
    "*/*",
    "text/event-stream",
    ";q=",
    "1e400",
    "nan",
    "-1",
    "0.5",
    ",",
    ";",
    "=",
    '"',
    "Bearer ",
    "W/",
)


def header_values() -> st.SearchStrategy[bytes]:
    """Any bytes that a server hands on in a header, and what is made of the pieces of sound ones."""
    made = st.lists(st.sampled_from([*PIECES, *NASTY_TEXTS]), max_size=8).map("".join)
    texts = st.one_of(made, st.text(max_size=40)).map(lambda text: text.encode("utf-8", "replace"))
    return st.one_of(texts, st.binary(max_size=40)).map(lambda value: value.translate(None, b"\r\n\0"))


async def test_headers_of_any_bytes() -> None:
    headers = st.lists(
        st.tuples(st.sampled_from(READ_HEADERS).map(str.encode), header_values()), min_size=1, max_size=4
    )
    body = json.dumps(QUERY).encode()
    requests = [("POST", [*JSON, *each], body, b"") for each in drawn(headers, 300)]
    requests += [("GET", each, b"", b"query=%7Bhello%7D") for each in drawn(headers, 200)]
    given = set(await statuses(requests))
    assert 200 in given and given & REFUSED


async def test_methods_of_any_name() -> None:
    names = ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "G\u00c9T", "X" * 500]
    assert set(await statuses([(name, JSON, b"{}", b"query=%7Bhello%7D") for name in names])) <= {200, 204, 405}


def test_a_language_is_always_one_of_ours() -> None:
    for value in drawn(header_values(), 300):
        assert locale_of(value.decode("latin-1")) in set(Locale)
