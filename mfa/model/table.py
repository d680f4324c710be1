"""Columnar storage of records: one list a column, not one object a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Generic, TypeVar

import numpy as np

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
        self._blocks: dict[str, list[np.ndarray]] = {name: [] for name in self._names}
        self._open: dict[str, list[Any]] = {name: [] for name in self._names}
        self._count = 0
        self._first: dict[str, int] | None = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._coded: dict[str, tuple[np.ndarray, list[Any]]] = {}

    def append(self, record: R) -> None:
        """Add one record at the end."""
        self._forget()
        for name in self._names:
            self._open[name].append(getattr(record, name))
        if self._first is not None:
            self._first.setdefault(self._open[self._names[0]][-1], self._count)
        self._count += 1

    def extend(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Add many rows given as columns of equal length; absent columns take their default.

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
            block = np.empty(count, dtype=object)
            block[:] = columns[name] if name in columns else self._defaults[name]
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
            out = np.concatenate([*self._blocks[name], tail])
            out.flags.writeable = False
            self._arrays[name] = out
        return self._arrays[name]

    def coded(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """Return a column as codes and the distinct values they stand for, in order of appearance.

        Each value is looked at once, however often it is asked for.
        """
        if name not in self._coded:
            import pandas as pd

            column = self.column(name)
            code, values = pd.factorize(column, use_na_sentinel=False)
            # An empty cell is what it was in the column: pandas makes every one of them NaN.
            self._coded[name] = (
                code,
                [v if v == v else column[np.argmax(code == k)] for k, v in enumerate(values)],
            )
        return self._coded[name]

    def _forget(self) -> None:
        self._arrays.clear()
        self._coded.clear()

    def row(self, number: int) -> R:
        """Return the record in row `number`."""
        block, at = self._locate(number)
        columns = self._open if block is None else {n: b[block] for n, b in self._blocks.items()}
        return self.record(**{name: columns[name][at] for name in self._names})

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
            column = self._open[name] if block is None else self._blocks[name][block]
            column[at] = value

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
