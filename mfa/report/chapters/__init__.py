"""The chapters of a report: one module each with ``chapter(writer)``, and one line here."""

from __future__ import annotations

from dataclasses import replace

from mfa.report.chapters import (
    annexes,
    back_matter,
    change,
    context,
    data,
    economy,
    findings,
    layers,
    method,
    outlook,
    reconciliation,
    register,
    scenarios,
    sectors,
    stocks,
    summary,
    waste,
)
from mfa.report.document import Block, Document, Figure, Section
from mfa.report.facts import Facts
from mfa.report.tables import Table
from mfa.report.text import Writer

CHAPTERS = (
    summary.chapter,
    context.chapter,
    method.chapter,
    data.chapter,
    economy.chapter,
    change.chapter,
    sectors.chapter,
    stocks.chapter,
    waste.chapter,
    layers.chapter,
    reconciliation.chapter,
    findings.chapter,
    scenarios.chapter,
    outlook.chapter,
)
ANNEXES = (
    register.processes,
    annexes.flows,
    economy.parts,
    annexes.parameters,
    annexes.observations,
    reconciliation.untestable,
    back_matter.assumptions,
    back_matter.references,
    back_matter.glossary,
    back_matter.manifest,
)


def compose(facts: Facts, language: str) -> Document:
    """Return the whole report in one language; chapters without content are left out."""
    writer = Writer(facts, language)
    chapters = [c for c in (make(writer) for make in CHAPTERS) if c is not None]
    extra = [c for c in (make(writer) for make in ANNEXES) if c is not None]
    labels = [str(n + 1) for n in range(len(chapters))] + [chr(65 + n) for n in range(len(extra))]
    count = _Counter(writer)
    numbered = tuple(
        count.section(section, label)
        for section, label in zip(chapters + extra, labels, strict=True)
    )
    _ = writer.tr
    system = facts.system
    return Document(
        language,
        system.title(language) or facts.case_id or _("Material-flow account"),
        _("Material-flow account, {period}", period=facts.period)
        if facts.period
        else _("Material-flow account"),
        summary.about(writer),
        numbered,
        _(
            "Written by mfa {version} from the case’s data; every number can be followed to its "
            "sources in the annexes.",
            version=facts.stamp.get("version", ""),
        ),
        system.info.get("author", ""),
    )


class _Counter:
    """Numbers sections, tables and figures in reading order."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.tables, self.figures = writer, 0, 0

    def section(self, section: Section, number: str) -> Section:
        """Return `section` and all it holds with numbers."""
        blocks, part = [], 0
        for block in section.blocks:
            if isinstance(block, Section):
                part += 1
                blocks.append(self.section(block, f"{number}.{part}"))
            else:
                blocks.append(self._block(block))
        return replace(section, number=number, blocks=tuple(blocks))

    def _block(self, block: Block) -> Block:
        _ = self.writer.tr
        if isinstance(block, Table):
            self.tables += 1
            return replace(block.filled(), label=_("Table {n}", n=self.tables))
        if isinstance(block, Figure):
            self.figures += 1
            return replace(block, label=_("Figure {n}", n=self.figures))
        return block
