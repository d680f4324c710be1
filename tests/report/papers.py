"""What the tests of the paged formats share: documents of two cities, and a city of odd names."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from mfa.account import Account
from mfa.model.system import System
from mfa.model.view import ViewGroup
from mfa.report.chapters import compose
from mfa.report.collect import collect
from mfa.report.document import Document, Figure, Paragraph, Section
from mfa.report.paged import cell_text
from mfa.report.tables import Cell, Table
from tests.report.cities import bare_account, city_account

LONG = (
    "Nước thải sinh hoạt và nước rỉ rác từ các bãi chôn lấp chất thải rắn hợp vệ sinh "
    "của Thành phố Huế (Thừa Thiên Huế cũ), kể cả các phường mới sáp nhập"
)
ODD = (
    '#import "@preview/x:1.0.0": *',
    "$x^2$ *bold* _soft_ `raw`",
    "=1+1",
    "<w:p/> & ]]> </w:t>",
    '@ref <label> \\ #read("/etc/passwd")',
    "{{report}}",
    LONG,
    "averyveryverylongidentifierwithoutanyplacetobreakitwhatsoever" * 2,
    "tab\tline\nbell\x07 U+FFFE\ufffe end",
)


def odd() -> System:
    """Return a city whose names would be markup somewhere, in one period, without views."""
    s = System(ODD[0], unit="t/year", info={"title_vi": ODD[1], "title_en": ODD[0]})
    s.material("m", name_en=ODD[2], name_vi=ODD[6], mf_code="MF.1")
    s.source("S", title=ODD[4], url="https://example.org/số liệu?a=1&b=<2>", quote=ODD[3])
    for n, name in enumerate(ODD):
        s.process(f"p{n}", name_en=name, name_vi=name, sector=name if n < 4 else "waste")
    ends = ["import", *(f"p{n}" for n in range(len(ODD))), "export"]
    for n, (source, target) in enumerate(pairwise(ends)):
        name = ODD[n % len(ODD)]
        s.flow(
            f"f{n}",
            source,
            target,
            name_en=name,
            name_vi=f"{name} {LONG}",
            material="m",
            value=1200 + n if n < 4 else None,
            sd=20.0 if n < 4 else None,
            observed={"source": "S", "note": name} if n < 4 else None,
        )
    return s


def empty_view() -> System:
    """Return a city whose only view shows no flow: there is no Sankey to draw."""
    s = System("Without pictures", unit="t/year")
    s.process("shed", name_en="Shed", name_vi="Kho", sector="waste")
    s.layer("water", "m3/year", name_en="Water", name_vi="Nước")
    s.flow("in", "import", "shed", value=3, sd=1)
    s.flow("out", "shed", "export")
    group = ViewGroup("g", ("shed",), "Shed", "Kho")
    s.view("dry", [group], layer="water", name_en="Dry", name_vi="Khô")
    return s


@cache
def account(name: str) -> Account:
    """Return a balanced city by its name."""
    if name == "city":
        return city_account()
    if name == "bare":
        return bare_account()
    return (odd() if name == "odd" else empty_view()).balance()


@cache
def document(name: str, language: str) -> Document:
    """Return the report of a city."""
    return compose(collect(account(name), name), language)


def plate_report() -> Document:
    """Return a report with a wide picture between two parts of a chapter."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 500"><path d="M0 0h9"/></svg>'
    figure = Figure("f", svg, "A plate", "A large picture", "Read it.", wide=True, label="Figure 1")
    parts = (
        Section("b", "Before", (Paragraph(("One.",)),), "1.1"),
        Section("p", "Plate", (figure,), "1.2"),
        Section("a", "After", (Paragraph(("Two.",)),), "1.3"),
    )
    chapters = (
        Section("c", "Chapter", parts, "1"),
        Section("l", "Last", (Paragraph(("Three.",)),), "2"),
    )
    return Document("en", "Title", "Subtitle", (), chapters, "Footer")


def squeezed(text: str) -> str:
    """Return a text without anything that line breaking may add or take."""
    return "".join(text.replace("\u200b", "").split())


def shown(table: Table, language: str) -> list[list[str]]:
    """Return what the cells of a table say."""
    return [[_shown(cell, language) for cell in row.cells] for row in table.rows]


def _shown(cell: Cell, language: str) -> str:
    return squeezed(cell_text(cell, language))
