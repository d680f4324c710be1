"""Read Parquet files of strangers: sizes and kinds are looked at before anything is unpacked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mfa.formats.account import refuse_without_pyarrow
from mfa.formats.files import MAX_FILE, TOO_LARGE, refuse
from mfa.locale import N_
from mfa.workbook.guard import require_file

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 24_000_000
"""How many cells of known columns a file may have: those that stand for the same text are small
in the file, and not in memory."""
MOST_UNPACKED = 400_000_000
"""How many bytes a file may say that it unpacks to."""
MOST_COLUMNS = 2_000


def read_parquet(file: Path, wanted: Callable[[str], bool], most: int = MOST_CELLS) -> pd.DataFrame:
    """Return the wanted columns of a Parquet file: numbers, texts, truth values, dates.

    Parameters
    ----------
    file
        The file.
    wanted
        Tells from its name whether a column is read; the others are not even unpacked.
    most
        How many cells may be read.

    Raises
    ------
    InputError
        pyarrow is not installed; the file is damaged or too large, or a wanted column holds lists
        or records.
    OSError
        It cannot be read.
    """
    refuse_without_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_file(file)
    size = file.stat().st_size
    if size > MAX_FILE:
        values = {"size": size // 1_000_000, "limit": MAX_FILE // 1_000_000}
        refuse("file-too-large", TOO_LARGE, file.name, **values)
    try:
        with file.open("rb") as stream:
            head = pq.ParquetFile(stream)
            names = _names(head, file.name, wanted, most)
            texts = [n for n in names if _is_text(head.schema_arrow.field(n).type)]
            # Read as dictionaries, a text that stands in a million cells is in memory once.
            table = pq.ParquetFile(stream, read_dictionary=texts).read(names, use_threads=False)
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as cause:
        if isinstance(cause, pa.ArrowException | OverflowError) or not _is_of_disk(cause):
            message = N_("The Parquet file is damaged, or holds what is not read.")
            refuse("damaged-parquet", message, file.name)
        raise
    return _frame(table)


def _is_of_disk(cause: Exception) -> bool:
    """Return whether an error comes from the disk, or is a refusal: pyarrow's have no number."""
    from mfa.errors import InputError

    return isinstance(cause, InputError) or getattr(cause, "errno", None) is not None


def _names(head: Any, name: str, wanted: Callable[[str], bool], most: int) -> list[str]:
    """Return the names of the columns to read, after checking kinds and sizes."""
    import pyarrow as pa

    data = head.metadata
    groups = [data.row_group(number) for number in range(min(data.num_row_groups, 10_000))]
    unpacked = sum(max(group.total_byte_size, 0) for group in groups)
    if unpacked > MOST_UNPACKED or data.num_columns > MOST_COLUMNS:
        message = N_("The file would unpack to more than {limit} MB, which is not read.")
        refuse("unpacks-too-large", message, name, limit=MOST_UNPACKED // 1_000_000)
    schema = head.schema_arrow
    names = [title for title in dict.fromkeys(schema.names) if wanted(title)]
    for title in names:
        if schema.names.count(title) > 1:
            message = N_("The column “{column}” stands twice; remove one of them.")
            refuse("double-column", message, name, column=title[:60])
        kind = schema.field(title).type
        if pa.types.is_nested(kind) or _is_binary(kind):
            message = N_("The column “{column}” holds {kind}, not numbers or texts.")
            refuse("nested-column", message, name, column=title[:60], kind=str(kind)[:60])
    if data.num_rows * max(len(names), 1) > most:
        message = N_("The file has more than {limit} rows, which is not read.")
        refuse("too-many-rows", message, name, limit=most // max(len(names), 1))
    return names


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    plain = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in plain) or bool(pa.types.is_nested(kind))


def _frame(table: Any) -> pd.DataFrame:
    """Return a table as pandas has it, whatever its writer called an index; texts are shared."""
    import pandas as pd

    frame = table.to_pandas(ignore_metadata=True, use_threads=False)
    columns = {}
    for title in frame.columns:
        column = frame[title]
        if isinstance(column.dtype, pd.CategoricalDtype):
            words = np.append(np.asarray(column.cat.categories, dtype=object), None)
            column = pd.Series(words[column.cat.codes.to_numpy()], dtype=object)
        elif column.dtype.kind == "M":
            column = column.map(lambda day: None if pd.isna(day) else str(day.date()))
        columns[title] = column
    return pd.DataFrame(columns)
