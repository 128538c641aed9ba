"""What new rows are given at random or in turn, drawn for a whole group at once: ids, and tracking codes that are free."""

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, func, select

from domain.sealing import new_report_code
from storage.statements.prepared import many, one, prepared
from storage.tables import reports


class Drawing:
    """Draws for a group of `size` operations, in its transaction."""

    def __init__(self, conn: Connection, size: int) -> None:
        self._conn = conn
        self._size = max(size, 1)
        self._ids: dict[str, list[int]] = {}
        self._last: dict[str, int] = {}
        """On SQLite, the greatest id that was drawn here: perhaps no row has it yet, and the next draw must not find it free."""
        self._codes: list[str] = []

    def id_of(self, table: Table) -> int:
        """An id that no row of the table has had."""
        left = self._ids.get(table.name)
        if not left:
            left = self._ids[table.name] = self._draw_ids(table)
        return left.pop()

    def code(self) -> str:
        """A tracking code that no report has; 39 random bits, so that a second draw is rare."""
        while not self._codes:
            drawn = {new_report_code() for _ in range(self._size)}
            taken = prepared(self._conn, "codes taken", _codes_taken).rows(self._conn, {"codes": list(drawn)})
            self._codes = list(drawn.difference(code for (code,) in taken))
        return self._codes.pop()

    def forget(self) -> None:
        """To be called before somebody inserts rows without drawing ids: SQLite gives him those that were drawn ahead.

        Say 7 to 10 were drawn and 7 and 8 handed out: his row is given 9, so 9 and 10 are dropped, and 10 is drawn next.
        """
        if self._conn.dialect.name == "sqlite":
            for name, left in self._ids.items():
                self._last[name] -= len(left)
            self._ids.clear()

    def _draw_ids(self, table: Table) -> list[int]:
        """The last one first."""
        if self._conn.dialect.name == "postgresql":
            return self._from_sequence(table)
        greatest = prepared(self._conn, ("greatest id", table.name), lambda: select(func.max(table.c.id)))
        ((found,),) = greatest.rows(self._conn)
        first = max(found or 0, self._last.get(table.name, 0)) + 1
        self._last[table.name] = first + self._size - 1
        return list(range(first, first + self._size))[::-1]

    def _from_sequence(self, table: Table) -> list[int]:
        """An aborted transaction leaves a gap there, and nobody minds."""
        sequence = func.pg_get_serial_sequence(table.name, "id")
        turns = func.generate_series(1, one("size", BigInteger)).table_valued("turn")
        drawn = prepared(
            self._conn, ("next ids", table.name), lambda: select(func.nextval(sequence)).select_from(turns)
        )
        return [number for (number,) in drawn.rows(self._conn, {"size": self._size})][::-1]


def _codes_taken() -> Select[Any]:
    return select(reports.c.code).where(reports.c.code.in_(many("codes")))
