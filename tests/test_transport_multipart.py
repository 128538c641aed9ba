"""Files as variables: GraphQL multipart requests, and every way to get one wrong."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.door import TryHub, client_of
from transport import DoorSettings, graphql_app

UPLOAD = "mutation ($file: Upload!) { upload(file: $file) }"
SUBMIT = "mutation ($input: Photos!) { submit(input: $input) }"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
SETTINGS = DoorSettings(
    body_bytes=2_000, upload_bytes=100_000, upload_count=3, multipart_bytes=300_000, spool_bytes=1_000
)

Part = tuple[str, str | None, bytes]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(TryHub(), SETTINGS)) as client:
        yield client


def body_of(parts: list[Part]) -> bytes:
    body = b""
    for name, filename, content in parts:
        of_file = "" if filename is None else f'; filename="{filename}"\r\nContent-Type: image/jpeg'
        body += f'--xyz\r\nContent-Disposition: form-data; name="{name}"{of_file}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + b"--xyz--\r\n"


async def send(client: httpx.AsyncClient, body: bytes, headers: dict[str, str] = PREFLIGHT) -> httpx.Response:
    of_type = {"content-type": "multipart/form-data; boundary=xyz", "accept": "application/graphql-response+json"}
    return await client.post("/graphql", content=body, headers={**of_type, **headers})


def operations(query: str, variables: dict[str, Any]) -> Part:
    return ("operations", None, json.dumps({"query": query, "variables": variables}).encode())


def mapping(paths: Any) -> Part:
    return ("map", None, json.dumps(paths).encode())


ONE_FILE = [operations(UPLOAD, {"file": None}), mapping({"0": ["variables.file"]})]


class TestUploading:
    async def test_one_file(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([*ONE_FILE, ("0", "banjir.jpg", b"hello")]))
        assert response.json()["data"] == {"upload": "banjir.jpg image/jpeg 5 hello"}

    async def test_files_in_a_list_of_an_input(self, client: httpx.AsyncClient) -> None:
        variables = {"input": {"photos": [None, None], "caption": "dua"}}
        paths = {"a": ["variables.input.photos.1"], "b": ["variables.input.photos.0"]}
        parts = [operations(SUBMIT, variables), mapping(paths), ("a", "a.jpg", b"aaa"), ("b", "b.jpg", b"bb")]
        response = await send(client, body_of(parts))
        assert response.json()["data"] == {"submit": ["b.jpg image/jpeg 2 bb", "a.jpg image/jpeg 3 aaa"]}

    async def test_one_file_in_two_places(self, client: httpx.AsyncClient) -> None:
        paths = {"a": ["variables.input.photos.0", "variables.input.photos.1"]}
        parts = [operations(SUBMIT, {"input": {"photos": [None, None]}}), mapping(paths), ("a", "a.jpg", b"aaa")]
        response = await send(client, body_of(parts))
        assert response.json()["data"] == {"submit": ["a.jpg image/jpeg 3 aaa"] * 2}

    async def test_a_large_file_comes_whole_through_the_disk(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([*ONE_FILE, ("0", "besar.jpg", b"\r\n--xy" * 16_000)]))
        assert response.json()["data"]["upload"].startswith("besar.jpg image/jpeg 96000")

    async def test_no_file_at_all(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([operations("{ hello }", {}), mapping({})]))
        assert response.json()["data"] == {"hello": "Halo, Jakarta!"}

    async def test_a_body_that_comes_byte_by_byte(self, client: httpx.AsyncClient) -> None:
        async def dribble() -> AsyncIterator[bytes]:
            for byte in body_of([*ONE_FILE, ("0", "b.jpg", b"hello")]):
                yield bytes([byte])

        headers = {**PREFLIGHT, "content-type": "multipart/form-data; boundary=xyz"}
        response = await client.post("/graphql", content=dribble(), headers=headers)
        assert response.json()["data"] == {"upload": "b.jpg image/jpeg 5 hello"}


class TestAcrossSites:
    async def test_a_form_of_another_page_is_refused(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([*ONE_FILE, ("0", "b.jpg", b"hello")]), {})
        assert response.status_code == 400
        assert "GraphQL-Require-Preflight" in response.json()["errors"][0]["message"]

    @pytest.mark.parametrize(
        "name", ["Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"]
    )
    async def test_a_header_that_forces_a_preflight_lets_it_in(self, client: httpx.AsyncClient, name: str) -> None:
        body = body_of([*ONE_FILE, ("0", "b.jpg", b"hello")])
        assert (await send(client, body, {name: "x"})).status_code == 200
        assert (await send(client, body, {name: " "})).status_code == 400


class TestContradicting:
    @pytest.mark.parametrize(
        ("parts", "told"),
        [
            ([*ONE_FILE], "not in the body: 0"),
            ([*ONE_FILE, ("1", "x.jpg", b"x")], "`1` is not in the map"),
            ([*ONE_FILE, ("0", "x.jpg", b"x"), ("0", "x.jpg", b"x")], "came twice"),
            ([*ONE_FILE, ("0", None, b"x")], "no file"),
            ([ONE_FILE[0], mapping({"0": ["variables.photo"]})], "variables.photo"),
            ([ONE_FILE[0], mapping({"0": ["variables.file.0"]})], "variables.file.0"),
            ([ONE_FILE[0], mapping({"0": ["variables"]})], "only go into the variables"),
            ([ONE_FILE[0], mapping({"0": ["query"]})], "only go into the variables"),
            ([ONE_FILE[0], mapping({"0": ["variables.file"], "1": ["variables.file"]})], "twice"),
            ([operations(UPLOAD, {"file": "x"}), mapping({"0": ["variables.file"]})], "must be null"),
            ([operations(SUBMIT, {"input": [None]}), mapping({"0": ["variables.input.1"]})], "variables.input.1"),
            ([operations(SUBMIT, {"input": [None]}), mapping({"0": ["variables.input.-1"]})], "variables.input.-1"),
            ([operations(SUBMIT, {"input": [None]}), mapping({"0": ["variables.input.²"]})], "variables.input.²"),
        ],
    )
    async def test_parts_that_contradict_the_map_are_422(
        self, client: httpx.AsyncClient, parts: list[Part], told: str
    ) -> None:
        response = await send(client, body_of(parts))
        assert response.status_code == 422
        assert told in response.json()["errors"][0]["message"]


class TestUnreadable:
    @pytest.mark.parametrize(
        "parts",
        [
            [],
            [ONE_FILE[0]],
            [ONE_FILE[1], ONE_FILE[0]],
            [("0", "x.jpg", b"x"), *ONE_FILE],
            [("operations", None, b"{"), ONE_FILE[1]],
            [("operations", None, b"[]"), ONE_FILE[1]],
            [("operations", None, b'{"query": 1}'), ONE_FILE[1]],
            [ONE_FILE[0], ("map", None, b"[")],
            [ONE_FILE[0], mapping([])],
            [ONE_FILE[0], mapping({"0": "variables.file"})],
            [ONE_FILE[0], mapping({"0": [1]})],
        ],
    )
    async def test_parts_that_cannot_be_read_are_400(self, client: httpx.AsyncClient, parts: list[Part]) -> None:
        assert (await send(client, body_of(parts))).status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"hello",
            body_of([*ONE_FILE, ("0", "x.jpg", b"x")])[:-10],
            b"--xyz\r\n\r\nx\r\n--xyz--\r\n",
            b"--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xyz--\r\n",
            b'--xyz\r\nContent-Disposition: attachment; name="operations"\r\n\r\n{}\r\n--xyz--\r\n',
            b"--xyz\r\n" + b"X-A: b\r\n" * 1_000,
            b"--xyz\r\nX-A: " + b"b" * 100_000,
        ],
    )
    async def test_a_body_that_is_no_multipart_is_400(self, client: httpx.AsyncClient, body: bytes) -> None:
        assert (await send(client, body)).status_code == 400

    @pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 300])
    async def test_a_boundary_that_is_missing_or_absurd_is_400(self, client: httpx.AsyncClient, boundary: str) -> None:
        headers = {**PREFLIGHT, "content-type": f"multipart/form-data{boundary}"}
        assert (await send(client, b"--xyz--", headers)).status_code == 400


class TestTooMuch:
    async def test_a_file_over_the_limit_is_413_with_limit_and_value(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([*ONE_FILE, ("0", "x.jpg", b"x" * 100_001)]))
        assert response.status_code == 413
        assert response.json()["errors"][0]["extensions"] == {
            "code": "BAD_USER_INPUT",
            "limited": "upload_bytes",
            "limit": 100_000,
            "value": 100_001,
        }

    async def test_too_many_files_are_413(self, client: httpx.AsyncClient) -> None:
        paths = {str(number): [f"variables.input.photos.{number}"] for number in range(4)}
        parts = [operations(SUBMIT, {"input": {"photos": [None] * 4}}), mapping(paths)]
        response = await send(client, body_of(parts))
        assert response.status_code == 413
        told = response.json()["errors"][0]["extensions"]
        assert (told["limited"], told["limit"], told["value"]) == ("upload_count", 3, 4)

    async def test_operations_over_the_limit_are_413(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([operations("{ hello }" + " " * 2_000, {}), mapping({})]))
        assert response.status_code == 413
        assert response.json()["errors"][0]["extensions"]["limited"] == "body_bytes"

    async def test_the_whole_body_is_limited_too(self, client: httpx.AsyncClient) -> None:
        response = await send(client, body_of([*ONE_FILE, ("0", "x.jpg", b"x" * 400_000)]))
        assert response.status_code == 413
        assert response.json()["errors"][0]["extensions"]["limited"] == "multipart_bytes"
