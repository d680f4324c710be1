"""The tables inside the files of STAN: SQLite (``.smfa``) or compressed XML (``.zmfa``).

Both hold the same tables. They are read as they are, column by column, with limits on how much; the
database is opened so that it can neither be changed nor run code.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path

from mfa.formats.files import GZIP, MAX_FILE, MAX_XML, TOO_LARGE, read_bytes, refuse, unpack
from mfa.locale import N_
from mfa.workbook.guard import require_file

SQLITE = b"SQLite format 3\x00"
MAX_CELLS = 1_500_000
MAX_CHARACTERS = 60_000_000
MAX_COLUMNS = 200
MAX_TAGS = 4_000_000
STEPS = 20_000_000
"""How many steps the database may take altogether: a hostile one could compute for ever."""
LONGEST_TEXT = 1_000
BLOCK = 2_000_000
Value = str | float | None
Record = Mapping[str, Value]
Tables = dict[str, list[Record]]
DAMAGED = N_("The file is no file of STAN, or is damaged.")
TOO_MANY = N_("The file holds more than {limit} values, which is not read.")


def stan_tables(path: str | os.PathLike[str]) -> Tables:
    """Return name of the table → its rows (column → value) of a ``.smfa`` or ``.zmfa`` file.

    Drawings and other binary content are left out.

    Raises
    ------
    InputError
        It is neither, damaged, or too large.
    """
    file = Path(path)
    require_file(file)
    with file.open("rb") as stream:
        start = stream.read(len(SQLITE))
    if start == SQLITE:
        return _from_database(file)
    if start.startswith(GZIP):
        return _from_xml(unpack(read_bytes(file), file.name, MAX_XML), file.name)
    refuse("not-stan", DAMAGED, file.name)


# --------------------------------------------------------------------------------------- SQLite


def _from_database(file: Path) -> Tables:
    size = file.stat().st_size
    if size > MAX_FILE:
        values = {"size": size // 1_000_000, "limit": MAX_FILE // 1_000_000}
        refuse("file-too-large", TOO_LARGE, file.name, **values)
    waiting = file.with_name(f"{file.name}-wal")
    if waiting.is_file() and waiting.stat().st_size:
        message = N_(
            "The file is open in another program, or was not closed: what was entered last is "
            "still beside it. Close it there and try again."
        )
        refuse("open-elsewhere", message, file.name)
    address = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            return _all_tables(database, file.name)
    except (sqlite3.Error, UnicodeDecodeError):  # a message may quote the damaged schema
        refuse("not-stan", DAMAGED, file.name)


def _all_tables(database: sqlite3.Connection, name: str) -> Tables:
    """Read every real table; views and virtual tables could run what their maker wrote."""
    database.text_factory = lambda data: data[: 4 * LONGEST_TEXT].decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_FILE)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA query_only = ON")
    steps = [0]

    def count() -> int:
        steps[0] += 10_000
        return int(steps[0] > STEPS)

    database.set_progress_handler(count, 10_000)
    found = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE "
        "'sqlite_%' ORDER BY name LIMIT 500"
    ).fetchall()
    budget = _Budget(name)
    return {table: _table(database, table, budget) for (table,) in found}


class _Budget:
    """Counts what is read, and stops where a file holds more than any study."""

    def __init__(self, name: str) -> None:
        self.name, self.cells, self.characters = name, 0, 0

    def take(self, record: Record) -> Record:
        """Return `record` after counting it.

        Raises
        ------
        InputError
            There was too much.
        """
        self.cells += len(record) + 1
        self.characters += sum(len(v) for v in record.values() if isinstance(v, str))
        if self.cells > MAX_CELLS or self.characters > MAX_CHARACTERS:
            refuse("too-many-values", TOO_MANY, self.name, limit=MAX_CELLS)
        return record


def _table(database: sqlite3.Connection, table: str, budget: _Budget) -> list[Record]:
    quoted = table.replace('"', '""')
    columns = database.execute(f'PRAGMA table_info("{quoted}")').fetchmany(MAX_COLUMNS)
    # BLOBs are drawings: they are not even fetched.
    picks = ", ".join(
        f"CASE typeof({c}) WHEN 'blob' THEN NULL ELSE {c} END"
        for c in ('"' + str(column[1]).replace('"', '""') + '"' for column in columns)
    )
    if not picks:
        return []
    rows = database.execute(f'SELECT {picks} FROM "{quoted}"')
    names = [str(column[1]) for column in columns]
    return [budget.take(dict(zip(names, map(_plain, row), strict=True))) for row in rows]


def _plain(value: object) -> Value:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    return float(value) if isinstance(value, int | float) else None


# ------------------------------------------------------------------------------------------ XML


def _from_xml(data: bytes, name: str) -> Tables:
    """Read rows: each child of the root is one, named after its table."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException

    if data.count(b"<") > MAX_TAGS:
        refuse("too-many-values", TOO_MANY, name, limit=MAX_CELLS)
    tables: Tables = {}
    budget = _Budget(name)
    try:
        for table, record in _records(data):
            tables.setdefault(table, []).append(budget.take(record))
    except DefusedXmlException:
        message = N_("The file declares a document type or an entity, which STAN does not.")
        refuse("doctype-in-xml", message, name)
    except (ParseError, _TooDeepError):
        refuse("not-stan", DAMAGED, name)
    return tables


class _TooDeepError(Exception):
    """Elements are nested, or stand side by side, as in no table."""


class _Blocks(BytesIO):
    """Bytes that are read in large blocks, however few are asked for.

    The parser looks at a tag or comment that has not ended from its start again with every block:
    one of millions of characters, in small blocks, would take minutes.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size if size is None or size < 0 else max(size, BLOCK))


def _records(data: bytes) -> Iterator[tuple[str, Record]]:
    from defusedxml.ElementTree import iterparse

    depth, fields, root = 0, 0, None
    stream = _Blocks(data)
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth += 1
            root = element if root is None else root
            fields = fields + 1 if depth > 2 else 0
            if depth > 50 or fields > MAX_COLUMNS:
                raise _TooDeepError
            continue
        depth -= 1
        if depth == 1 and root is not None:
            yield (
                _local(element.tag),
                {_local(child.tag): (child.text or "")[:LONGEST_TEXT] for child in element},
            )
            root.clear()


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
