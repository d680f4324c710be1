"""The Word file around the text: our own or a client's letterhead, room in it, the archive.

Our own file is made from the parts in ``templates/word``. From a client's template we take styles,
headers, footers, paper and margins; see `docx_styles` for the styles it lacks.
"""

from __future__ import annotations

import io
import re
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mfa.errors import InputError, Problem
from mfa.report.docx_xml import NAMESPACES, TWIPS
from mfa.report.paged import MARGINS, PAGE, REGIONS, type_area
from mfa.sankey.font import font_path

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MARKER = "{{report}}"  # in a client's template: the report stands here, the rest is kept
KEYS = tuple(str(uuid.uuid5(uuid.NAMESPACE_URL, f"mfa/font/{n}")).upper() for n in (1, 2))
_PLACE = "mfa-report"
EPOCH = (1980, 1, 1, 0, 0, 0)
LARGEST = 60_000_000  # bytes that the parts of a template may take

# What may come after <w:updateFields> in the settings (ECMA-376, 17.15.1.78): the order matters.
_AFTER_UPDATE = (
    "hdrShapeDefaults footnotePr endnotePr compat docVars rsids mathPr attachedSchema "
    "themeFontLang clrSchemeMapping doNotIncludeSubdocsInStats doNotAutoCompressPictures "
    "forceUpgrade captions readModeInkLockDown smartTagType schemaLibrary "
    "shapeDefaults doNotEmbedSmartTags decimalSymbol listSeparator"
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
TYPES = {
    "word/document.xml": f"{_WORD}.document.main+xml",
    "word/styles.xml": f"{_WORD}.styles+xml",
    "word/numbering.xml": f"{_WORD}.numbering+xml",
    "word/settings.xml": f"{_WORD}.settings+xml",
    "word/fontTable.xml": f"{_WORD}.fontTable+xml",
}


def own_package(language: str) -> bytes:
    """Return an empty document with our styles and fonts."""
    region, width = REGIONS[language], round(type_area(False)[0] * TWIPS)
    parts = {
        name: template_part(name).replace("LANGUAGE", region).replace("TOCWIDTH", str(width))
        for name in ("styles.xml", "numbering.xml", "settings.xml", "fontTable.xml")
    }
    parts["fontTable.xml"] = (
        parts["fontTable.xml"].replace("KEY1", KEYS[0]).replace("KEY2", KEYS[1])
    )
    parts["document.xml"] = _empty_document()
    content = {f"word/{name}": xml.encode("utf-8") for name, xml in parts.items()}
    for number, weight in enumerate(("regular", "semibold"), start=1):
        content[f"word/fonts/font{number}.odttf"] = _obfuscate(
            font_path(weight).read_bytes(), KEYS[number - 1]
        )
    content["word/_rels/document.xml.rels"] = _relations(
        (f"rId{n}", f"{_OFFICE}/{kind}", f"{kind}.xml")
        for n, kind in enumerate(("styles", "numbering", "settings", "fontTable"), start=1)
    )
    content["word/_rels/fontTable.xml.rels"] = _relations(
        (f"rId{n}", f"{_OFFICE}/font", f"fonts/font{n}.odttf") for n in (1, 2)
    )
    content["_rels/.rels"] = _relations(
        [("rId1", f"{_OFFICE}/officeDocument", "word/document.xml")]
    )
    content["[Content_Types].xml"] = _content_types()
    return zip_parts(content)


def template_part(name: str) -> str:
    """Return a part of our own file as it lies in ``templates/word``."""
    return files("mfa.report").joinpath("templates", "word", name).read_text(encoding="utf-8")


def _empty_document() -> str:
    top, right, bottom, left = (round(side * TWIPS) for side in MARGINS)
    width, height = (round(side * TWIPS) for side in PAGE)
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:body><w:sectPr><w:pgSz w:w="{width}" w:h="{height}"/>'
        f'<w:pgMar w:top="{top}" w:right="{right}" w:bottom="{bottom}" w:left="{left}" '
        'w:header="680" w:footer="567" w:gutter="0"/><w:titlePg/></w:sectPr></w:body></w:document>'
    )


def _relations(rows: Iterable[tuple[str, str, str]]) -> bytes:
    items = "".join(f'<Relationship Id="{i}" Type="{t}" Target="{to}"/>' for i, t, to in rows)
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="{space}">{items}</Relationships>'.encode()  # noqa: E501


def _content_types() -> bytes:
    defaults = {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "xml": "application/xml",
        "odttf": "application/vnd.openxmlformats-officedocument.obfuscatedFont",
    }
    items = "".join(f'<Default Extension="{e}" ContentType="{t}"/>' for e, t in defaults.items())
    items += "".join(f'<Override PartName="/{p}" ContentType="{t}"/>' for p, t in TYPES.items())
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="{space}">{items}</Types>'.encode()  # noqa: E501


def _obfuscate(font: bytes, key: str) -> bytes:
    """Return a font as Word embeds it: its first 32 bytes mixed with the key (ECMA-376, 17.8.1)."""
    mask = bytes.fromhex(key.replace("-", ""))[::-1] * 2
    return bytes(a ^ b for a, b in zip(font[:32], mask, strict=True)) + font[32:]


def zip_parts(content: Mapping[str, bytes]) -> bytes:
    """Return an archive whose bytes depend on nothing but its content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        first = "[Content_Types].xml"
        for name in [first, *sorted(content.keys() - {first})]:
            info = zipfile.ZipInfo(name, EPOCH)
            packed = name.endswith((".png", ".jpg", ".jpeg"))  # once is enough
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            info.create_system = 0
            info.external_attr = 0o600 << 16
            archive.writestr(info, content[name])
    return stream.getvalue()


def read_template(path: Path) -> bytes:
    """Return a client's document or template (.docx, .dotx) as a document.

    Raises
    ------
    InputError
        It is no such file.
    OSError
        It cannot be read.
    """
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise _no_template(path)
            content = {info.filename: archive.read(info) for info in archive.infolist()}
        types = content["[Content_Types].xml"]
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError) as error:
        raise _no_template(path) from error
    if f"{_WORD}.document.main+xml".encode() not in types:
        if f"{_WORD}.template.main+xml".encode() not in types:
            raise _no_template(path)
        content["[Content_Types].xml"] = types.replace(b"template.main+xml", b"document.main+xml")
    data = zip_parts(content)
    _try(data, path)
    return data


def _try(data: bytes, path: Path) -> None:
    """Read all that the report will need of a template."""
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    try:
        word = docx.Document(io.BytesIO(data))
        names = [word.styles.element.tag, word.settings.element.tag, word.element.body.tag]
    except (OpcError, LxmlError, KeyError, ValueError, AttributeError) as error:
        raise _no_template(path) from error
    if not all(name.startswith(W) for name in names):
        raise _no_template(path)


def _no_template(path: Path) -> InputError:
    return InputError(
        [
            Problem(
                "no-word-template",
                "“{file}” cannot be used as a letterhead: it is no Word document (.docx, .dotx).",
                {"file": path.name},
            )
        ]
    )


def room_for_report(document: WordDocument) -> tuple[_Element, _Element, bool]:
    """Empty a client's document where the report goes.

    Returns
    -------
    tuple
        The element before which the report goes, the properties of the section it stands in, and
        whether something of the client's follows. Without a paragraph ``{{report}}`` everything in
        the template goes but its last section's paper, headers and footers.
    """
    body = document.element.body
    marker = next((p for p in body.iterchildren(f"{W}p") if _words(p) == MARKER), None)
    last = body.get_or_add_sectPr()
    if marker is None:
        for item in list(body):
            if item is not last:
                body.remove(item)
        return last, last, False
    after = [item for item in marker.itersiblings() if item is not last]
    section = next((s for item in after for s in item.iter(f"{W}sectPr")), last)
    following = next(marker.itersiblings())
    body.remove(marker)
    return following, section, bool(after)


def update_fields(document: WordDocument) -> None:
    """Have Word fill in the page numbers of the contents when the file is opened."""
    from docx.oxml import OxmlElement

    settings = document.settings.element
    old = settings.find(f"{W}updateFields")
    if old is not None:
        settings.remove(old)
    made = OxmlElement("w:updateFields")
    made.set(f"{W}val", "true")
    later = (item for item in settings if item.tag.removeprefix(W) in _AFTER_UPDATE.split())
    following = next(later, None)
    if following is None:
        settings.append(made)
    else:
        following.addprevious(made)


def _words(item: _Element) -> str:
    """Return the text of a paragraph, however Word cut it into runs."""
    return "".join(piece.text or "" for piece in item.iter(f"{W}t")).strip()


def frozen(document: WordDocument, before: _Element, content: str) -> bytes:
    """Return the file of a document with `content` set in before an element.

    The text goes into the file as it is, without a detour over a tree of elements: that would take
    longer than anything else here. All times are constant: the same report has the same bytes.
    """
    from lxml.etree import ProcessingInstruction

    before.addprevious(ProcessingInstruction(_PLACE))
    _drop_unused(document, content)
    stream = io.BytesIO()
    document.save(stream)
    with zipfile.ZipFile(stream) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = document.part.partname.lstrip("/")
    parts[name] = _with_content(parts[name].decode("utf-8"), content).encode("utf-8")
    return zip_parts(parts)


def _with_content(xml: str, content: str) -> str:
    """Return the document with `content` in its place, every prefix it uses declared."""
    start = xml.index("<w:document")
    end = xml.index(">", start)
    missing = [
        f' xmlns:{prefix}="{address}"'
        for prefix, address in NAMESPACES.items()
        if f"xmlns:{prefix}=" not in xml[start:end]
    ]
    xml = xml[:end] + "".join(missing) + xml[end:]
    before, after = re.split(rf"<\?{_PLACE}\s*\?>", xml)
    return before + content + after


def _drop_unused(document: WordDocument, content: str) -> None:
    """Drop pictures and links that only the removed text of a template had."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    used = set(re.findall(r' r:(?:id|embed)="([^"]+)"', content))
    items = document.element.iter("*")
    used |= {value for item in items for key, value in item.items() if key.startswith(R)}
    kinds = (RELATIONSHIP_TYPE.IMAGE, RELATIONSHIP_TYPE.HYPERLINK, RELATIONSHIP_TYPE.CHART)
    relations = document.part.rels
    for name in [n for n, rel in relations.items() if rel.reltype in kinds and n not in used]:
        del relations[name]


def parsed(content: str) -> _Element:
    """Return the element of some WordprocessingML."""
    from docx.oxml import parse_xml

    spaces = "".join(f' xmlns:{prefix}="{address}"' for prefix, address in NAMESPACES.items())
    return parse_xml(f"<w:body{spaces}>{content}</w:body>".encode())[0]


def serialised(element: _Element) -> str:
    """Return the text of an element."""
    from lxml.etree import tostring

    return tostring(element, encoding="unicode")
