"""Columnar storage of records: one list a column, not one object a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from itertools import repeat
from typing import Any, Generic, TypeVar

import numpy as np

from mfa.model.column import Block, Coded, as_block, as_floats, as_objects, entry, joined_codes

R = TypeVar("R")


class Table(Mapping[str, R], Generic[R]):
    """Records of one dataclass, kept as columns and found by their id.

    Reading ``table["x"]`` builds the record on the fly; `column` gives a whole column at once.
    An id may stand in several rows (a parameter with a value for each period): ``table[id]`` is the
    first, `rows` gives them all.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class City:
    ...     id: str
    ...     people: int = 0
    >>> cities = Table(City)
    >>> cities.append(City("Huế", 1166547))
    >>> cities["Huế"].people, len(cities), cities.column("id").tolist()
    (1166547, 1, ['Huế'])
    """

    def __init__(self, record: type[R]) -> None:
        self.record = record
        self._names = tuple(f.name for f in fields(record))  # type: ignore[arg-type]
        self._defaults = {
            f.name: (f.default_factory() if f.default_factory is not MISSING else f.default)
            for f in fields(record)  # type: ignore[arg-type]
        }
        self._blocks: dict[str, list[Block]] = {name: [] for name in self._names}
        self._open: dict[str, list[Any]] = {name: [] for name in self._names}
        self._count = 0
        self._first: dict[str, int] | None = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._coded: dict[str, Coded] = {}
        self._lists: dict[str, list[Any]] = {}
        self._found: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def append(self, record: R) -> None:
        """Add one record at the end."""
        self._forget()
        for name in self._names:
            self._open[name].append(getattr(record, name))
        if self._first is not None:
            self._first.setdefault(self._open[self._names[0]][-1], self._count)
        self._count += 1

    def extend(self, columns: Mapping[str, Sequence[Any] | Block]) -> None:
        """Add many rows given as columns of equal length; absent columns take their default.

        A column may come as `mfa.model.column.Coded` or `Late`; numbers stay an array of numbers.

        Raises
        ------
        KeyError
            A column is unknown, or one without a default is absent.
        """
        unknown = set(columns) - set(self._names)
        if unknown:
            raise KeyError(f"unknown columns {sorted(unknown)}; known: {list(self._names)}")
        count = len(columns[self._names[0]])
        self._close()
        for name in self._names:
            if name not in columns and self._defaults[name] is MISSING:
                raise KeyError(f"column {name!r} is required")
            block = (
                as_block(columns[name])
                if name in columns
                else Coded.constant(self._defaults[name], count)
            )
            self._blocks[name].append(block)
        self._count += count
        self._first = None  # found again when somebody asks

    def _close(self) -> None:
        """Turn the rows added one by one into a block."""
        self._forget()
        for name, values in self._open.items():
            if values:
                block = np.empty(len(values), dtype=object)
                block[:] = values
                self._blocks[name].append(block)
                self._open[name] = []

    @property
    def _rows(self) -> dict[str, int]:
        """Id → first row, made when first needed."""
        if self._first is None:
            ids = self.column(self._names[0]).tolist()
            self._first = dict(zip(ids, range(self._count), strict=True))
            if len(self._first) == self._count:
                return self._first
            ids.reverse()
            last_wins = dict(zip(ids, range(self._count - 1, -1, -1), strict=True))
            # An id in several rows: its first one, and in the order of these.
            self._first = dict(sorted(last_wins.items(), key=lambda item: item[1]))
        return self._first

    @property
    def row_count(self) -> int:
        """Number of rows (ids may repeat, so this can exceed ``len``)."""
        return self._count

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self._names

    def default(self, name: str) -> Any:
        """Return what an empty cell of a column stands for (None where there is no default)."""
        return None if self._defaults[name] is MISSING else self._defaults[name]

    def column(self, name: str) -> np.ndarray:
        """Return a column as a read-only object array of length `row_count`."""
        if name not in self._arrays:
            tail = np.empty(len(self._open[name]), dtype=object)
            tail[:] = self._open[name]
            out = np.concatenate([*(as_objects(b) for b in self._blocks[name]), tail])
            out.flags.writeable = False
            self._arrays[name] = out
        return self._arrays[name]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers as floats, NaN where there is none; (`row_count`,)."""
        blocks = [
            *self._blocks[name],
            *([as_objects(self._open[name])] if self._open[name] else []),
        ]
        return np.concatenate([np.zeros(0), *(as_floats(block) for block in blocks)])

    def codes(self, name: str) -> Coded:
        """Return a column as codes and values; each value is looked at once, however often asked.

        A value may stand for no row where columns share their values (`Coded.shared`).
        """
        if name not in self._coded:
            blocks = [block for block in self._blocks[name] if len(block)]
            if len(blocks) == 1 and isinstance(blocks[0], Coded) and not self._open[name]:
                self._coded[name] = blocks[0]
            else:
                self._coded[name] = joined_codes(self.column(name))
        return self._coded[name]

    def coded(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """Return the codes of a column and the values they stand for, see `codes`."""
        coded = self.codes(name)
        if name not in self._lists:
            self._lists[name] = coded.values.tolist()
        return coded.codes, self._lists[name]

    def find(self, values: np.ndarray) -> np.ndarray:
        """Return the first row of each of these ids, −1 for an unknown one.

        The same array (values of a `Coded` column) is looked up once.
        """
        known = self._found.get(id(values))
        if known is None:
            rows = map(self._rows.get, values.tolist(), repeat(-1))
            known = values, np.fromiter(rows, np.int64, len(values))
            self._found[id(values)] = known
        return known[1]

    def link(self, values: np.ndarray, rows: np.ndarray) -> None:
        """Note in which rows these ids stand, for somebody who knows; what `find` would return."""
        self._found[id(values)] = values, rows

    @property
    def distinct(self) -> bool:
        """Whether no id is known to stand in several rows; found without looking names up."""
        return len(self.codes(self._names[0]).values) == self._count

    def _forget(self) -> None:
        self._arrays.clear()
        self._coded.clear()
        self._lists.clear()
        self._found.clear()

    def row(self, number: int) -> R:
        """Return the record in row `number`."""
        block, at = self._locate(number)
        if block is None:
            return self.record(**{name: self._open[name][at] for name in self._names})
        return self.record(**{n: entry(blocks[block], at) for n, blocks in self._blocks.items()})

    def _locate(self, number: int) -> tuple[int | None, int]:
        """Return the block (None: the rows added since) and the place of a row in it."""
        for index, block in enumerate(self._blocks[self._names[0]]):
            if number < len(block):
                return index, number
            number -= len(block)
        return None, number

    def rows(self) -> Iterator[R]:
        """Iterate over the records of all rows."""
        return (self.row(number) for number in range(self._count))

    @property
    def positions(self) -> Mapping[str, int]:
        """The first row of each id."""
        return self._rows

    def row_of(self, identifier: str) -> int:
        """Return the first row of `identifier`; KeyError when there is none."""
        return self._rows[identifier]

    def update(self, identifier: str, **values: Any) -> None:
        """Replace fields in the first row of `identifier`."""
        block, at = self._locate(self._rows[identifier])
        self._forget()
        for name, value in values.items():
            if block is None:
                self._open[name][at] = value
                continue
            column = as_objects(self._blocks[name][block]).copy()
            column[at] = value
            self._blocks[name][block] = column

    def frame(self) -> Any:
        """Return the table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame({name: self.column(name) for name in self._names})

    def __getitem__(self, identifier: str) -> R:
        return self.row(self._rows[identifier])

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
