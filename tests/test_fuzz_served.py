"""What people send is never given back as a page: not in errors, not in addresses that are not there, not in photos or answers."""

import json
import re
from urllib.parse import quote

import httpx
import pytest

from tests import images as made
from tests.fuzzing import CORPUS
from tests.running import RunningHub
from tests.test_photos_served import SUBMIT

MARK = "<script>alert(71)</script>"
BREAKOUTS = (
    MARK,
    f'"{MARK}',
    f"'-->{MARK}",
    f"</script>{MARK}",
    f"\r\nContent-Type: text/html\r\n\r\n{MARK}",
    "javascript:alert(71)//",
)
RUNNABLE = (
    "text/html",
    "image/svg+xml",
    "application/xhtml+xml",
    "text/xml",
    "application/xml",
    "application/javascript",
    "text/javascript",
)

PATHS = (
    "/{}",
    "/graphql/{}",
    "/photos/{}",
    "/photos/{}/thumbnail",
    "/push/{}",
    "/schema.graphql/{}",
    "/assets/{}",
    "/reports/{}",
    "/healthz?x={}",
    "/graphql?query={}",
    "/graphql?query=%7B__typename%7D&operationName={}",
    "/graphql?query=%7B__typename%7D&variables={}",
    "/graphql?query=%7Breport(id:%22{}%22)%7Bid%7D%7D",
    "/graphql?documentId={}",
)


def not_run(answer: httpx.Response, about: object) -> None:
    """Whatever a browser makes of this answer, what was sent is no markup in it."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert answer.status_code < 500, about
    if kind in RUNNABLE:
        assert "alert(71)" not in answer.text, about
    assert answer.headers.get("x-content-type-options") == "nosniff", about
    assert "alert(71)" not in json.dumps(dict(answer.headers)), about


@pytest.mark.parametrize("path", PATHS)
def test_an_address_is_no_page(shared_hub: RunningHub, path: str) -> None:
    for text in BREAKOUTS:
        for accept in ("text/html,*/*;q=0.1", "image/svg+xml,*/*", "application/json"):
            answer = shared_hub.client.get(path.format(quote(text, safe="")), headers={"Accept": accept})
            not_run(answer, (path, text, accept))


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Accept-Language",
        "Authorization",
        "Host",
        "Origin",
        "Referer",
        "User-Agent",
        "X-Forwarded-Host",
        "Simpul-Follow-Token",
        "Last-Event-ID",
        "Cookie",
    ],
)
def test_a_header_is_no_page(shared_hub: RunningHub, name: str) -> None:
    for path in ("/", "/graphql?query=%7B__typename%7D", "/nothing", "/photos/nothing", "/schema.graphql"):
        not_run(shared_hub.client.get(path, headers={name: MARK}), (path, name))


@pytest.mark.parametrize(
    "kind", ["application/json", "text/html", "image/svg+xml", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_body_is_no_page(shared_hub: RunningHub, kind: str) -> None:
    for body in (
        MARK,
        json.dumps({"query": MARK}),
        json.dumps({"query": "{ __typename }", "operationName": MARK}),
        json.dumps([MARK]),
    ):
        for path in ("/graphql", "/push/qlue", "/nothing"):
            not_run(shared_hub.client.post(path, content=body, headers={"Content-Type": kind}), (path, kind, body))


def test_words_of_a_report_come_back_as_the_words_that_they_are(shared_hub: RunningHub) -> None:
    told = {
        "text": MARK,
        "title": f'"{MARK}',
        "category": "damaged_road",
        "location": {"latitude": -6.2, "longitude": 106.85},
    }
    answer = shared_hub.client.post(
        "/graphql", json={"query": SUBMIT.replace("photos {", "text title photos {"), "variables": {"input": told}}
    )
    report = answer.json()["data"]["submitReport"]["report"]
    assert (report["text"], report["title"]) == (MARK, f'"{MARK}')
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("filename", ["a.html", "a.svg", "../../a.html", "a.jpg\0.html", MARK, "a" * 300 + ".svg"])
@pytest.mark.parametrize("claimed", ["text/html", "image/svg+xml"])
def test_a_picture_that_calls_itself_a_page_is_served_as_a_picture(
    shared_hub: RunningHub, filename: str, claimed: str
) -> None:
    """The name and type of an upload mean nothing; neither comes out of the hub again."""
    told = {
        "text": "Jalan rusak",
        "category": "damaged_road",
        "location": {"latitude": -6.2, "longitude": 106.85},
        "photos": [None],
    }
    operations = json.dumps({"query": SUBMIT, "variables": {"input": told}})
    picture = made.polyglot(made.plain_jpeg()) + MARK.encode()
    answer = shared_hub.client.post(
        "/graphql",
        data={"operations": operations, "map": '{"0": ["variables.input.photos.0"]}'},
        files={"0": (filename, picture, claimed)},
        headers={"GraphQL-Require-Preflight": "1"},
    )
    photo = answer.json()["data"]["submitReport"]["report"]["photos"][0]
    for url in (photo["url"], photo["thumbnailUrl"]):
        served = shared_hub.client.get(url)
        assert served.headers["content-type"] == "image/jpeg"
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert re.fullmatch(r"/photos/[\w-]{24}(/thumbnail)?", httpx.URL(url).path)
        assert b"script" not in served.content and "filename" not in served.headers["content-disposition"]


@pytest.mark.parametrize("name", ["svg_as_png.png", "html_as_jpg.jpg", "pdf_as_jpg.jpg", "gif_then_jar.gif"])
def test_a_page_that_calls_itself_a_picture_is_not_taken(shared_hub: RunningHub, name: str) -> None:
    told = {
        "text": "Jalan rusak",
        "category": "damaged_road",
        "location": {"latitude": -6.2, "longitude": 106.85},
        "photos": [None],
    }
    payload = shared_hub.upload(
        SUBMIT.replace("message", "code path"),
        {"input": told},
        {"variables.input.photos.0": (CORPUS / "images" / name).read_bytes()},
    )
    assert payload["data"]["submitReport"]["report"] is None
    assert [error["code"] for error in payload["data"]["submitReport"]["userErrors"]] == ["UNSUPPORTED_MEDIA_TYPE"]
