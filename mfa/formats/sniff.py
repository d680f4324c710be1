"""What a file is, by its first bytes and then by as little of it as will tell."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from mfa.files import naming
from mfa.formats.files import GZIP, refuse
from mfa.locale import N_
from mfa.workbook.guard import require_file
from mfa.workbook.schema import find_sheet

PEEK = 65_536
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_OPENSANKEY = ("user_scale", "dataTags", "levelTags", "nodeTags", "sheets", "idSource", "idNode",
               "inputLinksId", "input_links", "style_node", "source_name")  # fmt: skip
_SANKEY = re.compile(r'"type"\s*:\s*"sankey"')
_OWN_SHEETS = {"case", "processes", "flows", "parameters", "observations", "relations", "sources"}


def detect_name(path: Path) -> str | None:
    """Return the name of the format of a file or folder, None when it is none that is known.

    Raises
    ------
    InputError
        It is a workbook that cannot be opened, or in a format known to be unreadable.
    """
    if path.is_dir():
        return "tables"
    require_file(path)
    with naming(path), path.open("rb") as stream:
        start = stream.read(PEEK)
    if start.startswith(b"PK"):
        return _workbook(path)
    if start.startswith(b"SQLite format 3\x00"):
        return "stan"
    if start.startswith(_OLE):
        message = N_(
            "The file is in an old binary format (.xls, .mfa). Save it anew: from Excel as .xlsx, "
            "from STAN 2.6 or later as .smfa."
        )
        refuse("old-binary", message, path.name)
    if start.startswith(GZIP):
        start = _unzipped(start)
        if b"MfaSystemData" in start:
            return "stan"
    return _text(start)


def _unzipped(data: bytes) -> bytes:
    """Return the beginning of what `data` unpacks to."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, PEEK)
    except zlib.error:
        return b""


def _text(start: bytes) -> str | None:
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = start.decode("utf-16" if wide else "utf-8-sig", "ignore").lstrip()
    if "\x00" in text or not text:
        return None
    if text.startswith(("{", "[")):
        return _json(text)
    from mfa.formats.irp import is_irp
    from mfa.formats.link_table import is_link_table
    from mfa.formats.sankeymatic import has_flow

    if is_irp(text):
        return "irp"
    if is_link_table(text):
        return "flow-list"
    return "sankeymatic" if has_flow(text) else None


def _json(text: str) -> str | None:
    """Tell the JSON formats apart by keys that only one of them has."""
    if '"dimension"' in text and ('"size"' in text or '"class"' in text):
        return "eurostat"
    if any(f'"{key}"' in text for key in _OPENSANKEY):
        return "opensankey"
    plotly = _SANKEY.search(text) or ('"node"' in text and '"link"' in text)
    if plotly or ('"target"' in text and ('"links"' in text or '"edges"' in text)):
        return "flow-list"
    if '"nodes"' in text or '"links"' in text:
        return "opensankey"
    return "eurostat" if '"value"' in text and '"label"' in text else None


def _workbook(path: Path) -> str | None:
    from mfa.formats.questionnaire import looks_like
    from mfa.formats.sep import is_sep
    from mfa.workbook.guard import Package
    from mfa.workbook.xlsx import Book

    with Package(path) as package:
        book = Book(package)
        titles = [info.name for info in book.sheets]
        own = {sheet.name for title in titles if (sheet := find_sheet(title))}
        if len(own & _OWN_SHEETS) >= 2 or own >= {"flows"}:
            return "workbook"
        if is_sep(titles):
            return "opensankey-workbook"
        if looks_like(book):
            return "ew-mfa"
    # An unknown workbook is best explained by the reader of our own.
    return "workbook"
