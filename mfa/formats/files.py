"""Reading the files of strangers: sizes are checked before anything is unpacked or parsed."""

from __future__ import annotations

import gzip
import json
import math
import os
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

from mfa.errors import InputError, Place
from mfa.files import naming
from mfa.locale import N_
from mfa.workbook.guard import require_file
from mfa.workbook.problems import error

MAX_FILE = 100_000_000
"""How many bytes a file of any kind may have."""
MAX_TEXT = 20_000_000
"""How many bytes a text (JSON, CSV, SankeyMATIC) may have, unpacked."""
MAX_XML = 60_000_000
"""How many bytes an XML file or a table of statistics may have, unpacked."""
MAX_MARKS = 1_500_000
"""How many values a JSON file may hold, roughly: commas and brackets are counted."""
GZIP = b"\x1f\x8b"
TOO_LARGE = N_("The file has {size} MB; at most {limit} MB are read.")


def refuse(
    code: str, message: str, name: str, row: int | None = None, **values: object
) -> NoReturn:
    """Raise the error that the file `name` cannot be read.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError([error(code, message, Place(file=name, row=row), **values)])


def read_bytes(path: str | os.PathLike[str], limit: int = MAX_FILE) -> bytes:
    """Return the content of a file of at most `limit` bytes.

    Raises
    ------
    InputError
        It is empty or larger.
    OSError
        It cannot be read.
    """
    file = Path(path)
    require_file(file)
    size = file.stat().st_size
    if size > limit:
        refuse("file-too-large", TOO_LARGE, file.name, size=_mega(size), limit=limit // 1_000_000)
    if size == 0:
        refuse("empty-file", N_("The file is empty."), file.name)
    with naming(file):
        return file.read_bytes()


def _mega(size: int) -> int:
    return -(-size // 1_000_000)


def unpack(data: bytes, name: str, limit: int = MAX_TEXT) -> bytes:
    """Return `data`, unpacked when it is a gzip file; never more than `limit` bytes.

    Raises
    ------
    InputError
        It is damaged, or would unpack to more.
    """
    if not data.startswith(GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            content = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        message = N_("The compressed file is damaged or cut off. Fetch a fresh copy.")
        refuse("damaged-gzip", message, name)
    if len(content) > limit:
        message = N_("The file would unpack to more than {limit} MB, which is not read.")
        refuse("unpacks-too-large", message, name, limit=limit // 1_000_000)
    return content


def decode(data: bytes, name: str, limit: int = MAX_TEXT) -> str:
    """Return text by its byte-order mark, else as UTF-8, lines ending in a line feed.

    Raises
    ------
    InputError
        It is no such text, or larger than `limit` bytes.
    """
    if len(data) > limit:
        values = {"size": _mega(len(data)), "limit": limit // 1_000_000}
        refuse("file-too-large", TOO_LARGE, name, **values)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as cause:
        line = data[: cause.start].count(b"\n") + 1
        message = N_("The file is not UTF-8 text from line {line} on. Save it as UTF-8.")
        refuse("not-utf-8", message, name, line, line=line)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        refuse("not-text", N_("The file is not text."), name, line)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: str | os.PathLike[str], limit: int = MAX_TEXT) -> str:
    """Return the text of a file, plain or compressed with gzip.

    Raises
    ------
    InputError
        It is too large or no text.
    """
    name = Path(path).name
    return decode(unpack(read_bytes(path), name, limit), name, limit)


def parse_json(text: str, name: str) -> Any:
    """Return what a JSON text holds; numbers that are not finite are None.

    Raises
    ------
    InputError
        It is no JSON, holds too much or is nested too deeply.
    """
    marks = text.count(",") + text.count("[") + text.count("{")
    if marks > MAX_MARKS:
        message = N_("The file holds more than {limit} values, which is not read.")
        refuse("json-too-large", message, name, limit=MAX_MARKS)
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_int=_integer)
    except RecursionError:
        refuse("json-too-deep", N_("The file is nested too deeply."), name)
    except json.JSONDecodeError as cause:
        message = N_("The file is no valid JSON from line {line} on.")
        refuse("not-json", message, name, cause.lineno, line=cause.lineno)


def _integer(digits: str) -> int | float:
    # A number of thousands of digits would take quadratic time to become an integer.
    return int(digits) if len(digits) < 19 else float(digits)


def finite(value: object) -> float | None:
    """Return `value` as a float when it is a finite number, or the text of one; else None.

    Examples
    --------
    >>> finite(3), finite("2.5"), finite(True), finite("1e999"), finite(None)
    (3.0, 2.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
