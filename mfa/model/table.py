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
        self._columns: dict[str, list[Any]] = {name: [] for name in self._names}
        self._first: dict[str, int] = {}
        self._arrays: dict[str, np.ndarray] = {}

    def append(self, record: R) -> None:
        """Add one record at the end."""
        self._arrays.clear()
        for name in self._names:
            self._columns[name].append(getattr(record, name))
        identifier = self._columns[self._names[0]][-1]
        self._first.setdefault(identifier, len(self._columns[self._names[0]]) - 1)

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
        self._arrays.clear()
        key = self._names[0]
        start, count = self.row_count, len(columns[key])
        for name in self._names:
            if name in columns:
                values = columns[name]
                self._columns[name].extend(
                    values.tolist() if isinstance(values, np.ndarray) else list(values)
                )
            elif self._defaults[name] is MISSING:
                raise KeyError(f"column {name!r} is required")
            else:
                self._columns[name].extend([self._defaults[name]] * count)
        added = self._columns[key][start:]
        fresh = dict(zip(added, range(start, start + count), strict=True))
        if len(fresh) == count and self._first.keys().isdisjoint(fresh):
            self._first.update(fresh)
        else:  # an id stands in several rows: the first one counts
            for row, identifier in enumerate(added, start):
                self._first.setdefault(identifier, row)

    @property
    def row_count(self) -> int:
        """Number of rows (ids may repeat, so this can exceed ``len``)."""
        return len(self._columns[self._names[0]])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self._names

    def default(self, name: str) -> Any:
        """Return what an empty cell of a column stands for (None where there is no default)."""
        return None if self._defaults[name] is MISSING else self._defaults[name]

    def column(self, name: str) -> np.ndarray:
        """Return a column as an object array of length `row_count`."""
        if name not in self._arrays:
            out = np.empty(self.row_count, dtype=object)
            out[:] = self._columns[name]
            out.flags.writeable = False
            self._arrays[name] = out
        return self._arrays[name]

    def row(self, number: int) -> R:
        """Return the record in row `number`."""
        return self.record(**{name: self._columns[name][number] for name in self._names})

    def rows(self) -> Iterator[R]:
        """Iterate over the records of all rows."""
        return (self.row(number) for number in range(self.row_count))

    def row_of(self, identifier: str) -> int:
        """Return the first row of `identifier`; KeyError when there is none."""
        return self._first[identifier]

    def update(self, identifier: str, **values: Any) -> None:
        """Replace fields in the first row of `identifier`."""
        self._arrays.clear()
        for name, value in values.items():
            self._columns[name][self._first[identifier]] = value

    def frame(self) -> Any:
        """Return the table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame({name: self.column(name) for name in self._names})

    def __getitem__(self, identifier: str) -> R:
        return self.row(self._first[identifier])

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)
