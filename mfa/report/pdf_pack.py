"""PDF files made small, and links within them, which typst is slow to set.

typst describes every cell of a table to screen readers, as an object of its own in plain text:
more than half of a long report. Since PDF 1.5 such objects may lie in streams (ISO 32000-1, 7.5.7,
with a cross-reference stream, 7.5.8).

A link of typst's to a place in the report has everything around it laid out once more, when that
place is known: a third of the time of a long report. The template writes such links as web links to
``mfa:<name>``; here they become links to the place that the PDF has under that name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import pairwise

TOGETHER = 2000  # objects in a stream; a reader unpacks a whole stream for one of them
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_TABLE = re.compile(rb"xref\s+0 (\d+)\s+")
_SIZE = re.compile(rb"/Size \d+")
_ENTRY = 20  # bytes of a line of the table
_LINK = re.compile(rb"/A<</Type/Action/S/URI/URI\(mfa:([\w.-]+)\)>>")
_SPOKEN = re.compile(rb"/Contents\(mfa:[\w.-]+\)")  # the text of the link says more


def pack_pdf(pdf: bytes) -> bytes:
    """Return the same PDF with its plain objects compressed and its links within made.

    Parameters
    ----------
    pdf
        A file with one cross-reference table and without encryption, as typst writes it.

    Raises
    ------
    ValueError
        The file is built otherwise.
    """
    objects, trailer, head = _read(pdf)
    objects = {number: _linked(body) for number, body in objects.items()}
    plain = [number for number, body in objects.items() if b"stream" not in body]
    packed = set(plain)
    made, places = bytearray(head), {}
    for number, body in objects.items():
        if number not in packed:
            places[number] = (1, len(made), 0)
            made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    free = max(objects, default=0) + 1
    for start in range(0, len(plain), TOGETHER):
        some = plain[start : start + TOGETHER]
        places |= {number: (2, free, index) for index, number in enumerate(some)}
        places[free] = (1, len(made), 0)
        made += _stream(free, *_gathered(some, [objects[number] for number in some]))
        free += 1
    at = len(made)
    places[free] = (1, at, 0)
    made += _stream(free, *_cross_references(places, free + 1, trailer))
    return bytes(made + b"startxref\n%d\n%%%%EOF\n" % at)


def _read(pdf: bytes) -> tuple[dict[int, bytes], bytes, bytes]:
    """Return number → content of every object, what the trailer says, and the file's head."""
    start = _START.search(pdf, max(len(pdf) - 64, 0))
    table = _TABLE.match(pdf, int(start[1])) if start else None
    if start is None or table is None:
        raise ValueError("the PDF has no plain cross-reference table")
    count, first, last = int(table[1]), table.end(), int(start[1])
    ends = [first + _ENTRY * (n + 1) for n in range(count)]
    lines = [pdf[end - _ENTRY : end] for end in ends]
    found = sorted((int(x[:10]), n) for n, x in enumerate(lines) if x[17:18] == b"n")
    objects = {
        number: _content(pdf[place:end], number)
        for (place, number), (end, _) in pairwise([*found, (last, 0)])
    }
    trailer = pdf[first + _ENTRY * count : start.start()]
    inside = trailer[trailer.index(b"<<") + 2 : trailer.rindex(b">>")]
    return objects, _SIZE.sub(b"", inside), pdf[: found[0][0]] if found else pdf[:last]


def _content(text: bytes, number: int) -> bytes:
    """Return what stands between ``n 0 obj`` and ``endobj``."""
    before, after = b"%d 0 obj" % number, b"endobj"
    text = text.strip()
    if not (text.startswith(before) and text.endswith(after)):
        raise ValueError(f"object {number} is not where the PDF says")
    return text[len(before) : -len(after)].strip()


def _linked(body: bytes) -> bytes:
    """Return an object with its link to a named place, if it is one."""
    if b"(mfa:" not in body or b"stream" in body:
        return body
    made = _SPOKEN.sub(b"", _LINK.sub(rb"/Dest(\1)", body))
    if b"(mfa:" in made:
        raise ValueError(f"the PDF has a link of another form: {made[:200]!r}")
    return made


def _gathered(numbers: Sequence[int], bodies: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return dictionary and content of an object stream."""
    places, at = [], 0
    for number, body in zip(numbers, bodies, strict=True):
        places.append(b"%d %d" % (number, at))
        at += len(body) + 1
    head = b" ".join(places) + b"\n"
    described = b"/Type/ObjStm/N %d/First %d" % (len(numbers), len(head))
    return described, head + b"\n".join(bodies)


def _cross_references(
    places: dict[int, tuple[int, int, int]], size: int, trailer: bytes
) -> tuple[bytes, bytes]:
    """Return dictionary and content of the cross-reference stream."""
    rows = [places.get(number, (0, 0, 65535)) for number in range(size)]
    content = b"".join(
        kind.to_bytes(1, "big") + at.to_bytes(4, "big") + index.to_bytes(2, "big")
        for kind, at, index in rows
    )
    return b"/Type/XRef/W[1 4 2]/Size %d%s" % (size, trailer), content


def _stream(number: int, described: bytes, content: bytes) -> bytes:
    packed = zlib.compress(content, 6)
    return b"%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        number, described, len(packed), packed,
    )  # fmt: skip
