"""Whether servers answer alike: what is compared, and what may differ (ids, cursors, keys of texts in objects)."""

import json
import socket
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.servers import Server

OF_THEIR_OWN = frozenset({"id", "endCursor", "followToken", "extensions", "cursor"})
"""Opaque to clients, and made by each server in its own way. The peers use row numbers as they are."""


class Different(Exception):
    """Two servers answered the same question differently; says which, to what, and how."""


def ask(port: int, request: bytes) -> Any:
    """The JSON that a server answers with."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(request)
        received = b""
        while not _whole(received):
            piece = connection.recv(1 << 20)
            if not piece:
                break
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = _joined(body)
    return json.loads(body)


def _whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            break
        body, chunks = body + rest[:length], rest[length + 2 :]
    return body


def comparable(answer: Any) -> Any:
    """An answer without what may differ."""
    if isinstance(answer, dict):
        return {name: comparable(value) for name, value in answer.items() if name not in OF_THEIR_OWN}
    if isinstance(answer, list):
        return [comparable(each) for each in answer]
    return answer


def _alike(told: Any, first: Any, name: str) -> bool:
    """PostGraphile has a schema of its own: of that only the reports, and their order, can be compared. The gateway has
    what it joins, but no pages."""
    if name == "postgraphile":
        return codes_in(told) == codes_in(first)
    if name == "gateway":
        nodes: object = first["data"]["reports"]["nodes"]
        return bool(told["data"]["reports"] == nodes)
    return bool(told == first)


def codes_in(answer: Any) -> list[str]:
    """The codes of the reports of a page."""
    (page,) = answer["data"].values()
    return [each["code"] for each in page["nodes"]]


def require_alike(ports: Mapping[str, int], requests: Mapping[str, Sequence[bytes]]) -> int:
    """Asks all servers the same questions; how many. Raises Different."""
    names = list(ports)
    count = min(len(each) for each in requests.values())
    for n in range(count):
        told = {name: comparable(ask(ports[name], requests[name][n])) for name in names}
        for name in names:
            if "errors" in told[name] or not _alike(told[name], told[names[0]], name):
                raise Different(
                    f"{name} answers question {n} differently from {names[0]}:\n{requests[name][n].decode()}\n"
                    f"{json.dumps(told[name])[:1500]}\n{json.dumps(told[names[0]])[:1500]}"
                )
    return count


_SUMMED = ("rollup_area", "rollup_day", "rollup_cell")
_COUNTED = (
    *("reports", "report_words_staff", "report_words_public", "report_follow_tokens"),
    *("events", "event_personal", "event_facets", "log_head"),
    *("outbox", "suspicions", "idempotency"),
)


def _held(store: Path) -> dict[str, int]:
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED}
        sums = {name: connection.execute(f"SELECT sum(total) FROM {name}").fetchone()[0] for name in _SUMMED}
    return counts | sums


def require_same_rows(servers: Mapping[str, Server], requests: Mapping[str, Sequence[bytes]]) -> None:
    """Submits one report to each server; all must have written as many rows, and as many counts. Raises Different."""
    written: dict[str, dict[str, int]] = {}
    for name, server in servers.items():
        store = Path(server.store) / "simpul.db"
        before = _held(store)
        answer = ask(server.port, requests[name][0])
        if "errors" in answer or answer["data"]["submitReport"]["userErrors"]:
            raise Different(f"{name} refuses a report: {json.dumps(answer)[:1000]}")
        after = _held(store)
        written[name] = {table: after[table] - before[table] for table in after}
    first = next(iter(written))
    for name, rows in written.items():
        if rows != written[first]:
            raise Different(f"{name} writes other rows than {first}: {rows} and {written[first]}")
