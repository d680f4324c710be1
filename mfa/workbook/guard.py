"""What a workbook must pass before anything in it is read: a ZIP of a sane size, without DOCTYPE.

A workbook is somebody else's file. A few bytes can unpack to gigabytes, an entity can grow without
end, a password hides everything; each is refused here in words, in milliseconds.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from mfa.errors import InputError, Place
from mfa.locale import N_
from mfa.workbook.problems import error

MAX_FILE = 100_000_000
MAX_PARTS = 5_000
MAX_PART = 200_000_000
MAX_TOTAL = 400_000_000
CHUNK = 1 << 18
LONGEST_RUN = 4_000_000
"""How many bytes of a part may go by without the end of a tag; a cell holds 32,767 letters."""
_XML_ENDINGS = (".xml", ".rels", ".vml")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


TOO_LONG = N_(
    "A cell or tag in the file is millions of characters long; a cell holds at most {limit}. "
    "Shorten it, or copy the filled rows into a new template."
)


class Package:
    """An opened and vetted workbook: its parts by name.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        The file is no workbook, is damaged, encrypted, too large, or declares a DOCTYPE.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = self.path.name
        _check_signature(self.path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as cause:
            raise _damaged(self.name) from cause
        try:
            _check_entries(self.name, self._zip.infolist())
            self._check_doctypes()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    @property
    def parts(self) -> list[str]:
        """Names of all parts."""
        return self._zip.namelist()

    def read(self, part: str) -> bytes:
        """Return the bytes of `part`.

        Raises
        ------
        InputError
            The part is absent or damaged.
        """
        try:
            return self._zip.read(part)
        except _BROKEN as cause:
            raise _damaged(self.name) from cause

    def pieces(self, part: str) -> Iterator[bytes]:
        """Yield `part` in pieces that end at the end of a tag.

        Raises
        ------
        InputError
            The part is absent or damaged.
        """
        rest, run = b"", 0
        try:
            with self._zip.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    chunk = rest + chunk
                    end = chunk.rfind(b">") + 1
                    run = len(chunk) - end + (0 if end else run)
                    if run > LONGEST_RUN:
                        # The parser would begin such a tag, or we such a text, over and over.
                        _refuse(self.name, "text-too-long", TOO_LONG, limit=32_767)
                    end = end or len(chunk)
                    yield chunk[:end]
                    rest = chunk[end:]
        except _BROKEN as cause:
            raise _damaged(self.name) from cause
        yield rest

    def parse(self, pieces: Iterable[bytes], parser: expat.XMLParserType) -> None:
        """Feed the pieces of a part to `parser`.

        Raises
        ------
        InputError
            They are no XML.
        """
        try:
            for piece in pieces:
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except InputError:
            raise
        except (expat.ExpatError, LookupError, ValueError) as cause:  # an unknown encoding, too
            raise _damaged(self.name) from cause

    def _check_doctypes(self) -> None:
        """Refuse any part with a document type: only those can declare entities.

        The parser itself looks, so that the encoding of the part (UTF-16) hides nothing. It stops
        at the first element, before which a document type must stand.
        """
        for part in self.parts:
            if part.lower().endswith(_XML_ENDINGS):
                self._check_doctype(part)

    def _check_doctype(self, part: str) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _stop_at_doctype
        parser.StartElementHandler = _stop_at_element
        try:
            self.parse(self.pieces(part), parser)
        except _RootReached:
            return
        except _DoctypeFound:
            message = N_(
                "The file declares a document type in its part “{part}”, which no spreadsheet "
                "program does. It is not opened. Save the workbook anew."
            )
            _refuse(self.name, "doctype", message, part=part)


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
)


_ODD = (expat.ExpatError, LookupError, ValueError, StopIteration, OverflowError)


@contextmanager
def editing(name: str) -> Iterator[None]:
    """Turn what goes wrong in changing parts of the workbook `name` into words.

    Only parts that no reading has looked at can be damaged by then: comments, drawings, formats.

    Raises
    ------
    InputError
        A part is not what it should be.
    """
    try:
        yield
    except InputError:
        raise
    except _ODD as cause:
        raise _damaged(name) from cause


class _RootReached(Exception):  # noqa: N818 - a signal, not an error
    """The first element was reached."""


class _DoctypeFound(Exception):  # noqa: N818
    """A document type was found."""


def _stop_at_element(*_: object) -> NoReturn:
    raise _RootReached


def _stop_at_doctype(*_: object) -> NoReturn:
    raise _DoctypeFound


def _refuse(name: str, code: str, message: str, **values: object) -> NoReturn:
    raise InputError([error(code, message, Place(file=name), **values)])


def _damaged(name: str) -> InputError:
    message = N_(
        "The file is damaged or cut off. Open it in Excel or LibreOffice and save it again, or "
        "fetch a fresh copy."
    )
    return InputError([error("damaged", message, Place(file=name))])


def require_file(path: Path) -> None:
    """Refuse what is there but no file, such as a pipe: reading it could wait for ever.

    Raises
    ------
    InputError
        It is a pipe, a socket or a device.
    OSError
        There is nothing, or it cannot be looked at.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        message = N_("“{path}” is no file but a device or a pipe, which is not read.")
        _refuse(path.name, "no-file", message, path=path.name)


def _check_signature(path: Path) -> None:
    """Refuse by the first bytes what is no ZIP archive, saying what it seems to be."""
    require_file(path)
    size = path.stat().st_size
    if size == 0:
        _refuse(path.name, "empty-file", N_("The file is empty."))
    if size > MAX_FILE:
        message = N_("The file has {size} MB; at most {limit} MB are read.")
        megabytes, limit = size // 1_000_000, MAX_FILE // 1_000_000
        _refuse(path.name, "file-too-large", message, size=megabytes, limit=limit)
    with path.open("rb") as stream:
        start = stream.read(8)
    if start == _OLE:
        message = N_(
            "The file is protected by a password or in the old .xls format. Save it as .xlsx "
            "without a password."
        )
        _refuse(path.name, "encrypted-or-old", message)
    if not start.startswith(b"PK"):
        message = N_(
            "The file is not an Excel workbook (.xlsx). If it is a CSV table, put it into a folder "
            "of tables; otherwise save it as .xlsx."
        )
        _refuse(path.name, "not-a-workbook", message)


def _check_entries(name: str, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse archives that would unpack to too much, or that hide what they hold."""
    total = sum(entry.file_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if len(entries) > MAX_PARTS or total > MAX_TOTAL or largest > MAX_PART:
        message = N_(
            "The file would unpack to {size} MB in {parts} parts; at most {limit} MB in {most} "
            "parts are read. It may have been made to do harm; otherwise copy the filled rows "
            "into a new template."
        )
        _refuse(
            name,
            "unpacks-too-large",
            message,
            size=total // 1_000_000,
            parts=len(entries),
            limit=MAX_TOTAL // 1_000_000,
            most=MAX_PARTS,
        )
    if any(entry.flag_bits & 0x1 for entry in entries):
        message = N_("The file is protected by a password. Save it without one.")
        _refuse(name, "encrypted", message)
    # Spreadsheet programs write no other methods, and some of those unpack all at once.
    usual = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if any(entry.compress_type not in usual for entry in entries):
        raise _damaged(name)
    if len({entry.filename for entry in entries}) < len(entries):
        raise _damaged(name)
