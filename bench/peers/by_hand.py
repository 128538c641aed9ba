"""W6 without GraphQL: one hand-written statement that has SQL build the JSON, behind bare ASGI on uvicorn.

The request is the same as to the others; its query is not read, only the filter among its variables.
"""

import os
import sqlite3
from functools import lru_cache
from typing import Any

import orjson
import uvicorn

from bench.where import Codes, where

STORE = os.environ["BENCH_STORE"]
PUBLIC_URL = os.environ.get("BENCH_PUBLIC_URL", "http://bench")
PAGE = """
WITH page AS MATERIALIZED
  (SELECT * FROM reports WHERE {condition} ORDER BY reported_at DESC, id DESC LIMIT 51)
SELECT json_object('data', json_object('reports', json_object('nodes', json((
  SELECT json_group_array(json_object(
    'id', cast(r.id AS text), 'code', r.code, 'text', r.text, 'title', r.title, 'status', r.status,
    'reportedAt', strftime('%Y-%m-%dT%H:%M:%S', r.reported_at / 1000000, 'unixepoch')
      || printf('.%06dZ', r.reported_at % 1000000),
    'supportCount', r.support_count,
    'location', CASE WHEN r.public_latitude IS NULL THEN NULL
      ELSE json_object('latitude', r.public_latitude, 'longitude', r.public_longitude) END,
    'area', (SELECT json_object('id', cast(a.id AS text), 'code', a.code, 'name', a.name)
      FROM areas a WHERE a.id = r.public_area_id),
    'photos', (SELECT json_group_array(json_object(
        'id', cast(p.id AS text), 'url', '{url}/photos/' || p.address, 'width', p.width, 'height', p.height))
      FROM photos p WHERE p.report_id = r.id AND (p.state = 'READY') IS TRUE AND p.hidden = 0),
    'reporter', (SELECT json_object('displayName', u.display_name)
      FROM persons u WHERE u.id = r.reporter_id AND NOT r.anonymous)))
  FROM (SELECT * FROM page LIMIT 50) r)),
  'pageInfo', json_object(
    'hasNextPage', json((SELECT CASE count(*) WHEN 51 THEN 'true' ELSE 'false' END FROM page)),
    'endCursor', (SELECT cast(reported_at AS text) || ':' || id FROM (SELECT * FROM page LIMIT 50)
      ORDER BY reported_at, id LIMIT 1)))))
"""
connection = sqlite3.connect(STORE.removeprefix("sqlite:///"), isolation_level=None, cached_statements=1024)
for pragma in ("cache_size=-32768", "mmap_size=268435456"):
    connection.execute(f"PRAGMA {pragma}")
codes = Codes.read(connection)
HEADERS = [(b"content-type", b"application/json")]


@lru_cache
def statement(condition: str) -> str:
    """The text for one shape of the condition."""
    return PAGE.replace("{condition}", condition).replace("{url}", PUBLIC_URL)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the filter, runs the statement, answers."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    condition, values = where(orjson.loads(body)["variables"].get("filter") or {}, codes)
    answer = page(condition, values)
    head = [*HEADERS, (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})


def page(condition: str, values: list[Any]) -> bytes:
    """The answer's bytes."""
    text: str = connection.execute(statement(condition), values).fetchone()[0]
    return text.encode()


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), log_level="warning", lifespan="off", access_log=False)
