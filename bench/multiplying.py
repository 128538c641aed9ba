"""Makes a filled SQLite store several times as large: every report once more with another id and code, same place and time.

Filling ten million reports one by one takes an hour; this takes minutes, and what lists, look-ups and counts meet is as
skewed as before. Photos, tickets and supports come along, roll-ups are multiplied, the log is left as it is (empty).
"""

import sqlite3
from pathlib import Path

from bench.rows import code_of


def multiply(store: Path, times: int) -> None:
    """Makes `store` so many times as large, in place."""
    connection = sqlite3.connect(store, isolation_level=None)
    connection.create_function("code_of", 1, code_of, deterministic=True)
    for pragma in ("synchronous=OFF", "journal_mode=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()
    kept = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('reports', 'photos', 'lapor_tickets')"
    ).fetchall()
    for name, _ in kept:
        connection.execute(f"DROP INDEX {name}")
    steps = {table: _largest(connection, table) for table in ("reports", "photos", "lapor_tickets")}
    connection.execute("BEGIN")
    for copy in range(1, times):
        _once_more(connection, copy, steps)
    for table in ("rollup_area", "rollup_day", "rollup_cell"):
        connection.execute(f"UPDATE {table} SET total = total * {times}")
    connection.execute("COMMIT")
    for _, sql in kept:
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.close()


def _largest(connection: sqlite3.Connection, table: str) -> int:
    found: int = connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0]
    return found


def _once_more(connection: sqlite3.Connection, copy: int, steps: dict[str, int]) -> None:
    reports, photos, tickets = (step * copy for step in steps.values())
    changed = {
        "reports": {
            "id": f"id + {reports}",
            "code": f"code_of(id + {reports})",
            "source_ref": f"CAST(CAST(source_ref AS INTEGER) + {reports} AS TEXT)",
        },
        "photos": {
            "id": f"id + {photos}",
            "report_id": f"report_id + {reports}",
            "address": f"printf('%sx%d', substr(address, 1, 30), {copy})",
        },
        "lapor_tickets": {
            "id": f"id + {tickets}",
            "report_id": f"report_id + {reports}",
            "tracking_id": f"CAST(CAST(tracking_id AS INTEGER) + {copy} * 100000000 AS TEXT)",
        },
        "report_supports": {"report_id": f"report_id + {reports}"},
    }
    for table, expressions in changed.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join(expressions.get(column, column) for column in columns)
        key = "report_id" if table == "report_supports" else "id"
        most = steps["reports" if key == "report_id" else table]
        names = ", ".join(columns)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} WHERE {key} <= {most}")
