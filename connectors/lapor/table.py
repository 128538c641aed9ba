"""Reading a CSV export of any of the forms that agencies' tools write, row by row, so that one broken row costs only itself.

UTF-8 (with or without a byte-order mark) or Windows-1252; semicolon or comma; columns by the names in the first row.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.errors import NotUnderstood

REQUIRED = ("nomor_laporan", "isi", "status", "tanggal_laporan", "rahasia", "anonim")
COLUMNS = (
    "nomor_laporan",
    "judul",
    "isi",
    "kategori",
    "klasifikasi",
    "instansi",
    "status",
    "wilayah",
    "tanggal_laporan",
    "tanggal_perbarui",
    "rahasia",
    "anonim",
    "alamat_web",
    "tindak_lanjut",
)
"""All columns, in the order in which an export should have them; those of REQUIRED must be there, in any order."""

_BOM = b"\xef\xbb\xbf"
_LONGEST_ROW = 500  # physical lines that one row may span, so that a stray quotation mark does not swallow the file


@dataclass(frozen=True, slots=True)
class Row:
    """One row by column name, or what is wrong with it and the line as it stands."""

    values: dict[str, str] | None
    broken: str | None = None
    line: str = ""


def text_of(data: bytes) -> str:
    """The file's text. With a byte-order mark it is UTF-8 whatever else; without one, what is no UTF-8 is Windows-1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotUnderstood("the export is UTF-16; save it as UTF-8 or Windows-1252")
    if data.startswith(_BOM):
        return data[len(_BOM) :].decode("utf-8", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def rows_of(data: bytes) -> Iterator[Row]:
    """Every row under the header. Raises NotUnderstood if the header lacks a column that is needed."""
    lines = _joined(text_of(data).splitlines(keepends=True))
    start = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    header_line = lines[start] if start < len(lines) else ""
    delimiter = ";" if header_line.count(";") >= header_line.count(",") and ";" in header_line else ","
    header = [name.strip().strip("\ufeff").lower().replace(" ", "_") for name in _cells(header_line, delimiter)]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise NotUnderstood(f"the export has no column {', '.join(missing)}")
    yield from _Table(lines, start + 1, delimiter, header).rows()


def _joined(lines: list[str]) -> list[str]:
    """str.splitlines also cuts at form feeds and Unicode separators, which are no line ends in CSV: put those together."""
    joined: list[str] = []
    for line in lines:
        if joined and not joined[-1].endswith(("\n", "\r")):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as fault:
        raise NotUnderstood(f"the export's first row cannot be read: {fault}") from fault


class _Table:
    """The rows below a header; starts again on the next line after a row that makes no sense."""

    def __init__(self, lines: list[str], start: int, delimiter: str, header: list[str]) -> None:
        self._lines = lines
        self._at = start
        self._delimiter = delimiter
        self._header = header

    def rows(self) -> Iterator[Row]:
        while self._at < len(self._lines):
            row = self._row()
            if row is not None:
                yield row

    def _row(self) -> Row | None:
        """The row that begins on this line; None for an empty line."""
        begun = self._at
        lines = iter(self._lines[begun : begun + _LONGEST_ROW])
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)  # an open quotation mark is an error
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            return self._broken(begun, "the row cannot be read")
        if not any(cell.strip() for cell in cells):
            self._at = begun + reader.line_num
            return None
        if len(cells) != len(self._header):
            return self._broken(begun, f"the row has {len(cells)} cells, not {len(self._header)}")
        self._at = begun + reader.line_num
        return self._checked(dict(zip(self._header, cells, strict=True)), begun)

    def _checked(self, values: dict[str, str], begun: int) -> Row:
        if any("\0" in cell or "\ufffd" in cell for cell in values.values()):
            return Row(None, "the row has characters that are no text", self._lines[begun])
        return Row({name: cell for name, cell in values.items() if name in COLUMNS})

    def _broken(self, begun: int, why: str) -> Row:
        """Only the line itself is given up: a quotation mark left open would else take the rows below with it."""
        self._at = begun + 1
        return Row(None, why, self._lines[begun])
