"""Edit XML by splicing bytes: what is not meant to change stays byte for byte.

Libraries that load and save a workbook drop what they do not know (charts, slicers, drop-down
lists in extensions, stored results). Here elements are located by their byte offsets and only the
tags concerned are rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_ATTRIBUTE = rb"""\s+%s\s*=\s*(?:"[^"]*"|'[^']*')"""
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARED = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*)(["'])[^"']*\2""")


@dataclass
class Tag:
    """An element found: its local name and prefix, attributes, and where it stands in the bytes.

    Attributes
    ----------
    start, stop
        The start tag is ``data[start:stop]``.
    end
        The whole element is ``data[start:end]``.
    parent
        Local name of the parent element.
    """

    name: str
    prefix: str
    attributes: dict[str, str]
    start: int
    stop: int
    end: int
    parent: str

    @property
    def empty(self) -> bool:
        """Whether the element is written as one tag, ``<a/>``."""
        return self.stop == self.end


Edit = tuple[int, int, bytes]


def utf8(data: bytes) -> bytes:
    """Return an XML document as UTF-8, with its declaration put right."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return data.removeprefix(b"\xef\xbb\xbf")
    text = data.decode("utf-16")
    return _DECLARED.sub(r"\1\2UTF-8\2", text, count=1).encode("utf-8")


def tags(
    data: bytes,
    names: Collection[str],
    keep: Callable[[str, dict[str, str]], bool] = lambda name, attributes: True,
) -> list[Tag]:
    """Return the elements of `data` whose local name is in `names`, in document order.

    `keep` is asked for each of them by name and attributes, so that of a large sheet only what is
    needed takes memory.
    """
    found: list[Tag] = []
    open_tags: list[Tag | None] = []
    path: list[str] = []
    parser = expat.ParserCreate("UTF-8")

    def start(raw: str, attributes: dict[str, str]) -> None:
        prefix, _, name = raw.rpartition(":")
        tag = None
        if name in names and keep(name, attributes):
            at = parser.CurrentByteIndex
            stop = _tag_stop(data, at)
            parent = path[-1] if path else ""
            tag = Tag(name, prefix, attributes, at, stop, stop, parent)
            found.append(tag)
        open_tags.append(tag)
        path.append(name)

    def end(_: str) -> None:
        tag = open_tags.pop()
        path.pop()
        if tag is not None and data[tag.stop - 2 : tag.stop] != b"/>":
            tag.end = data.index(b">", parser.CurrentByteIndex) + 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(data, True)
    return found


def hollow(data: bytes, name: str) -> tuple[bytes, int, int]:
    """Return a document without the content of its one element `name`.

    Also returned are where the content began and how long it was: what is found behind that place
    stood so much later. For a sheet this leaves a few lines instead of a million cells.

    Examples
    --------
    >>> hollow(b"<a><b><c/></b><d/></a>", "b")
    (b'<a><b></b><d/></a>', 6, 4)
    """
    word = name.encode()
    opened = re.search(rb"<(?:\w+:)?" + word + rb"\b[^>]*>", data)
    end = data.rfind(word + b">")
    if not opened or opened[0].endswith(b"/>") or end < opened.end():
        return data, 0, 0
    start, stop = opened.end(), data.rindex(b"<", 0, end)
    return data[:start] + data[stop:], start, stop - start


def _tag_stop(data: bytes, start: int) -> int:
    """Return where the start tag that begins at `start` ends, minding ``>`` within quotes."""
    position = start
    while True:
        close = data.index(b">", position)
        quotes = [
            q for q in (data.find(b'"', position, close), data.find(b"'", position, close)) if q > 0
        ]
        if not quotes:
            return close + 1
        first = min(quotes)
        position = data.index(data[first : first + 1], first + 1) + 1


def spliced(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `data` with every ``data[start:stop]`` replaced; edits at one place keep their order.

    Examples
    --------
    >>> spliced(b"abcd", [(1, 2, b"X"), (3, 3, b"-")])
    b'aXc-d'
    """
    pieces, position = [], 0
    for start, stop, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [data[position:start], new]
        position = stop
    return b"".join([*pieces, data[position:]])


def with_attributes(tag: bytes, **attributes: str | None) -> bytes:
    """Return a start tag with attributes set, or removed where None.

    Examples
    --------
    >>> with_attributes(b'<c r="A1" s="3"/>', s="7", t=None)
    b'<c r="A1" s="7"/>'
    """
    for name, value in attributes.items():
        tag = re.sub(_ATTRIBUTE % name.encode(), b"", tag)
        if value is not None:
            written = f" {name}={quoteattr(value)}".encode()
            close = 2 if tag.endswith(b"/>") else 1
            tag = tag[:-close].rstrip() + written + tag[-close:]
    return tag


def appended(data: bytes, tag: Tag, inner: bytes) -> Edit:
    """Return the edit that adds `inner` as last content of the element `tag`."""
    if not tag.empty:
        close = data.rindex(b"<", tag.stop, tag.end)
        return close, close, inner
    name = f"{tag.prefix}:{tag.name}" if tag.prefix else tag.name
    opened = data[tag.start : tag.stop - 2].rstrip() + b">"
    return tag.start, tag.stop, opened + inner + f"</{name}>".encode()


def xml_text(text: str) -> str:
    r"""Return `text` fit to stand in XML, without characters that XML forbids.

    Examples
    --------
    >>> xml_text("a < b\x00")
    'a &lt; b'
    """
    return escape(_UNFIT.sub("", text))
