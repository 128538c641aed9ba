"""Statements that are built and compiled once, and run as the driver's own text on the connection of the snapshot.

SQLAlchemy Core builds and compiles a statement anew at each call; that takes several times as long as SQLite needs to
find the rows. Here a statement is written in Core as ever, but with a *name* for each value that changes from call to
call, and kept under a key that says which statement it is:

    def _persons() -> Select[Any]:
        return select(persons.c.id, persons.c.display_name).where(persons.c.id.in_(many("ids")))

    prepared(conn, "persons by id", _persons).rows(conn, {"ids": ids})

The key is all that the text depends on: a word of its own, and whatever the building looks at (which conditions there
are, which columns). Two that build different statements under one key get one another's rows, so let the key begin with
the name of the function.

Values that are not named (a status compared with) are part of the statement. What is given under a name takes the place
of the value that it was built with, so one function may build for both ways of running a statement. Failures are the
driver's own: sqlite3.Error, asyncpg's.
"""

import threading
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BindParameter, Boolean, Connection, Dialect, bindparam
from sqlalchemy.sql import ClauseElement, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import await_only

MOST = 2_000
"""How many statements are kept. Those that nobody asked for since the last that had to go, go first: clients choose columns
and filters, and many that are asked for once must not push out what everybody asks for."""
_MOST_TEXTS = 64
"""How many texts of one statement are kept: there is one for each size of each list."""

_kept: dict[tuple[str, Hashable], "Prepared"] = {}
_putting = threading.Lock()

_NOTHING: Mapping[str, Any] = {}
_MARK = "\x00"
_FLOAT8 = 701
"""PostgreSQL's number of the type that all our floats have: asyncpg gives them as Python's."""


def one(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]] | None = None) -> BindParameter[Any]:
    """A value that is given when the statement is run. Without a kind it has that of the column it is compared with."""
    return bindparam(name, type_=kind)


def many(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]] | None = None) -> BindParameter[Any]:
    """Values for `column.in_`; none match nothing. PostgreSQL gets them as one array. For SQLite they are filled up to a
    power of two with the last of them, so that there are few texts; for `not_in` there have to be some therefore."""
    return bindparam(name, expanding=True, type_=kind)


def prepared(conn: Connection, key: Hashable, build: Callable[[], ClauseElement]) -> "Prepared":
    """The statement of a key, built at the first call."""
    dialect = conn.dialect
    known = _kept.get((dialect.name, key))
    if known is None:
        return _keep(dialect, key, Prepared(build(), dialect))
    known.asked_again = True
    return known


def _keep(dialect: Dialect, key: Hashable, made: "Prepared") -> "Prepared":
    with _putting:
        while len(_kept) >= MOST:
            first = next(iter(_kept))
            left = _kept.pop(first)
            if left.asked_again:
                left.asked_again = False
                _kept[first] = left
        _kept[dialect.name, key] = made
    return made


class Prepared:
    """A statement as text with gaps, and what fills them."""

    __slots__ = ("_convert", "_gaps", "_lists", "_numbered", "_pieces", "_texts", "asked_again")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = _marking(dialect)(dialect, statement)
        self._numbered = dialect.name == "postgresql"
        self._pieces: list[str] = str(compiled).split(_MARK)
        self._gaps = {name: _Gap(bind, dialect, compiled.casts.get(name, "")) for name, bind in compiled.binds.items()}
        self._lists = [name for name, gap in self._gaps.items() if gap.expanding]
        if self._numbered:
            _compare_with_arrays(self._pieces, self._lists)
        self._texts: dict[tuple[int, ...], _Text] = {}
        self.asked_again = False
        self._convert = _converter(statement, dialect)

    def rows(self, conn: Connection, values: Mapping[str, Any] = _NOTHING) -> Sequence[Any]:
        """The rows that it gives, as tuples. On PostgreSQL they are asyncpg's records, which are read like tuples."""
        text = self._text(values)
        filled = text.filled(values)
        _tell(conn, text.sql, filled)
        if self._numbered:
            driver: Any = conn.connection.driver_connection
            begin_on_driver(conn, driver)
            found = await_only(driver.fetch(text.sql, *filled))
        else:
            driver = conn.connection.dbapi_connection  # which is the driver's own, and at hand
            found = driver.execute(text.sql, filled).fetchall()
        return found if self._convert is None else self._convert(found)

    def run(self, conn: Connection, values: Mapping[str, Any] = _NOTHING) -> int:
        """Runs a statement that gives no rows; returns how many rows it changed."""
        text = self._text(values)
        filled = text.filled(values)
        _tell(conn, text.sql, filled)
        driver: Any = conn.connection.driver_connection
        if not self._numbered:
            return cast(int, driver.execute(text.sql, filled).rowcount)
        begin_on_driver(conn, driver)
        said = await_only(driver.execute(text.sql, *filled))
        return int(said.rpartition(" ")[2]) if said[-1:].isdigit() else 0

    def run_all(self, conn: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Runs it once for each of these values; without lists among them."""
        if not values:
            return
        text = self._text(values[0])
        driver: Any = conn.connection.driver_connection
        filled = [text.filled(each) for each in values]
        _tell(conn, text.sql, filled)
        if self._numbered:
            begin_on_driver(conn, driver)
            await_only(driver.executemany(text.sql, filled))
        else:
            driver.executemany(text.sql, filled).close()

    def _text(self, values: Mapping[str, Any]) -> "_Text":
        if self._numbered or not self._lists:
            sizes: tuple[int, ...] = ()
        else:
            sizes = tuple([_rounded(len(values.get(name, self._gaps[name].constant))) for name in self._lists])
        text = self._texts.get(sizes)
        if text is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            places = {} if self._numbered else dict(zip(self._lists, sizes, strict=True))
            text = self._texts[sizes] = _Text(self._pieces, self._gaps, places, numbered=self._numbered)
        return text


def _rounded(count: int) -> int:
    return 1 << (count - 1).bit_length() if count > 1 else 1


def _compare_with_arrays(pieces: list[str], lists: Collection[str]) -> None:
    """Puts one array in the place of each list: then one text does for lists of all lengths."""
    for n in range(1, len(pieces), 2):
        if pieces[n] in lists:
            before, within, nothing = pieces[n - 1].rpartition(" IN (")
            if nothing or not within:
                raise ValueError(f"{pieces[n]} is no list for in_()")
            apart = before.removesuffix(" NOT")
            pieces[n - 1] = f"{before} = ANY (" if apart == before else f"{apart} <> ALL ("


def _tell(conn: Connection, sql: str, given: Sequence[Any]) -> None:
    """Whoever listens for statements hears of these as well, but gets no cursor."""
    if not (conn._has_events or conn.engine._has_events):  # as SQLAlchemy asks itself before each of its own
        return
    for listener in conn.dispatch.before_cursor_execute:
        listener(conn, None, sql, given, None, False)


def begin_on_driver(conn: Connection, driver: Any) -> None:
    """SQLAlchemy begins a transaction on asyncpg with its own first statement, of which there may have been none."""
    if not driver.is_in_transaction():
        conn.exec_driver_sql("SELECT 1")


class _Gap:
    """A value to fill in: its constant if none is given, and what turns it into the driver's."""

    __slots__ = ("cast", "constant", "convert", "expanding")

    def __init__(self, bind: BindParameter[Any], dialect: Dialect, cast_: str) -> None:
        self.constant = bind.effective_value
        self.expanding = bind.expanding
        self.convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        self.cast = cast_

    def each(self, values: Collection[Any]) -> list[Any]:
        """The values of a list as the driver's."""
        return list(values) if self.convert is None else [self.convert(value) for value in values]


class _Text:
    """The text for lists of certain sizes; `filled` gives the values in the order in which it wants them."""

    __slots__ = ("_converted", "_lists", "_named", "_template", "sql")

    def __init__(self, pieces: list[str], gaps: dict[str, _Gap], places: dict[str, int], *, numbered: bool) -> None:
        self._template: list[Any] = []
        self._named: list[tuple[int, str]] = []
        self._converted: list[tuple[int, str, Callable[[Any], Any]]] = []
        self._lists: list[tuple[int, str, int, _Gap]] = []
        numbers: dict[str, int] = {}
        sql = [pieces[0]]
        for n in range(1, len(pieces), 2):  # names and texts by turns
            name, gap, size = pieces[n], gaps[pieces[n]], places.get(pieces[n], 1)
            first = numbers.get(name) if numbered else None
            if first is None:
                first = numbers[name] = len(self._template)
                self._add(name, gap, size, numbered=numbered)
            shown = f"${first + 1}" if numbered else ", ".join("?" * size)
            cast_ = f"{gap.cast}[]" if numbered and gap.expanding and gap.cast else ""
            sql += [shown, cast_, pieces[n + 1]]
        self.sql = "".join(sql)

    def _add(self, name: str, gap: _Gap, size: int, *, numbered: bool) -> None:
        place = len(self._template)
        if gap.expanding:
            self._template += [None] * size
            self._lists.append((place, name, 0 if numbered else size, gap))
            return
        constant = gap.constant
        self._template.append(constant if constant is None or gap.convert is None else gap.convert(constant))
        if gap.convert is None:
            self._named.append((place, name))
        else:
            self._converted.append((place, name, gap.convert))

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """The values by place."""
        filled = self._template.copy()
        for place, name in self._named:
            if name in values:
                filled[place] = values[name]
        for place, name, convert in self._converted:
            if name in values:
                filled[place] = None if values[name] is None else convert(values[name])
        for place, name, size, gap in self._lists:
            each = gap.each(values.get(name, gap.constant))
            if not size:
                filled[place] = each  # as one array
            else:
                filled[place : place + size] = each + [each[-1] if each else None] * (size - len(each))
        return filled


@lru_cache(16)
def _marking(dialect: Dialect) -> Any:
    """The dialect's compiler, but with a mark around the name of each value instead of what its driver writes."""
    return type("Marking", (_Marking, dialect.statement_compiler), {})


class _Marking(SQLCompiler):
    """Goes before a dialect's own compiler."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.casts: dict[str, str] = {}
        super().__init__(*args, **kwargs)

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """`with_hint(table, "INDEXED BY …", "sqlite")`: which index SQLite has to walk."""
        return text

    def bindparam_string(
        self, name: str, post_compile: bool = False, expanding: bool = False, *args: Any, **kw: Any
    ) -> str:
        """The mark, with what the driver would write around it."""
        written = super().bindparam_string(name, False, False, *args, **kw)
        placeholder = self.compilation_bindtemplate % {"name": name}
        if expanding:
            self.casts[name] = written.partition(placeholder)[2]
            return f"{_MARK}{name}{_MARK}"
        return str(written.replace(placeholder, f"{_MARK}{name}{_MARK}", 1))


def _converter(statement: ClauseElement, dialect: Dialect) -> Callable[[Sequence[Any]], list[tuple[Any, ...]]] | None:
    """What turns the driver's rows into Python's values, where some of them need it: SQLite's truth is 0 and 1. All rows
    in one generated loop, for a call for each row would cost as much as reading it."""
    if isinstance(statement, SelectBase):
        kinds = [column.type for column in statement.selected_columns]
    elif isinstance(statement, Executable):
        kinds = [column.type for column in getattr(statement, "_returning", ())]
    else:
        return None
    converts = [kind.dialect_impl(dialect).result_processor(dialect, _FLOAT8) for kind in kinds]
    if not any(converts):
        return None
    told = ", ".join(_told(n, kind, convert) for n, (kind, convert) in enumerate(zip(kinds, converts, strict=True)))
    names = ", ".join(f"v{n}" for n in range(len(kinds)))
    made: Callable[[Sequence[Any]], list[tuple[Any, ...]]]
    made = eval(f"lambda rows: [({told},) for {names}, in rows]", {"c": converts})
    return made


def _told(place: int, kind: TypeEngine[Any], convert: Callable[[Any], Any] | None) -> str:
    value = f"v{place}"
    if convert is None:
        return value
    return f"None if {value} is None else " + (f"{value} == 1" if isinstance(kind, Boolean) else f"c[{place}]({value})")
