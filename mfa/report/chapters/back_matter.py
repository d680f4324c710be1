"""The end of the report: assumptions and relations, references, glossary, manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa.locale import N_, catalogue
from mfa.model.quality import default_cv
from mfa.report.areas import area
from mfa.report.chapters.parts import LONG
from mfa.report.chapters.summary import SIGNIFICANT
from mfa.report.document import Paragraph, Rich, Section
from mfa.report.facts import Datum
from mfa.report.tables import Column, Num, Ref, Row, Table
from mfa.report.text import Writer, datum_anchor, source_anchor
from mfa.vocabulary import SOURCE_TYPES, label

if TYPE_CHECKING:
    from mfa.model.relation import Relation

CONFIDENCE = {"high": N_("high"), "medium": N_("medium"), "low": N_("low")}
TERMS = (
    N_("Material-flow account"),
    N_("System boundary"),
    N_("Process"),
    N_("Flow"),
    N_("Stock"),
    N_("Net additions to stock (NAS)"),
    N_("Domestic extraction (DE)"),
    N_("Imports (IMP)"),
    N_("Exports (EXP)"),
    N_("Direct material input (DMI)"),
    N_("Domestic material consumption (DMC)"),
    N_("Physical trade balance (PTB)"),
    N_("Domestic processed output (DPO)"),
    N_("Balancing items"),
    N_("Biomass"),
    N_("Metal ores and metals"),
    N_("Non-metallic minerals"),
    N_("Fossil energy materials"),
    N_("Resource productivity"),
    N_("Observation"),
    N_("Standard deviation (σ)"),
    N_("95 % confidence interval"),
    N_("Data reconciliation"),
    N_("Degrees of freedom"),
    N_("Layer"),
    N_("Parameter"),
    N_("Assumption"),
)


def assumptions(w: Writer) -> Section | None:
    """Return every assumption with its reasoning; None without any."""
    _, facts = w.tr, w.facts
    assumed = [d for d in facts.data if d.assumed]
    text = Paragraph(
        (
            _(
                "These observations are no published data but the authors’ judgement, with a wide "
                "uncertainty. Replacing them is the cheapest way to a better account."
            ),
        )
    )
    table = Table(
        "all-assumptions",
        _("Assumptions"),
        _("All assumptions"),
        (
            Column(_("Quantity")),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("Unit"), "short"),
            Column(_("Balanced"), "number"),
            Column(_("Reasoning")),
        ),
        tuple(_assumption_row(w, d) for d in assumed),
        _("The reasons stand in the language in which they were written."),
        searchable=len(assumed) > LONG,
    )
    relations = _relations(w)
    blocks = ((text, table) if assumed else ()) + ((relations,) if relations else ())
    if not blocks:
        return None
    return Section("annex-assumptions", _("Assumptions and relations"), blocks)


def _assumption_row(w: Writer, d: Datum) -> Row:
    cells = (
        w.observed(d),
        w.reported_cell(d),
        Num(d.sd, d.sd or None),
        w.unit(d.unit),
        Num(d.reconciled, d.sd),
        d.note,
    )
    return Row(cells, anchor=datum_anchor(d.id, assumed=True))


def _relations(w: Writer) -> Table | None:
    """Return the relations which the authors wrote beside the balances."""
    _, relations = w.tr, list(w.facts.system.relations.rows())
    if not relations:
        return None
    named = any(r.name_en or r.name_vi for r in relations)
    return Table(
        "all-relations",
        _("Relations"),
        _("Relations beside the balances"),
        (
            Column(_("Id")),
            *((Column(_("Name")),) if named else ()),
            Column(_("Formula")),
            Column(_("Source")),
            Column(_("Note")),
        ),
        tuple(_relation_row(w, relation, named) for relation in relations),
        _("The notes stand in the language in which they were written.")
        if any(relation.note for relation in relations)
        else "",
        searchable=len(relations) > LONG,
    )


def _relation_row(w: Writer, relation: Relation, named: bool) -> Row:
    _, source = w.tr, relation.source
    name = relation.name_vi if w.language == "vi" else relation.name_en
    link = _("assumption") if source == "assumption" else source
    if source in w.facts.system.sources:
        link = Ref(source, f"#{source_anchor(source)}")
    formula = w.formula(relation.formula, names=False)
    cells = (relation.id, *((name,) if named else ()), formula, link, relation.note)
    return Row(cells)


def references(w: Writer) -> Section | None:
    """Return the sources used, with address and quotation; None without any."""
    _, facts = w.tr, w.facts
    used = {d.source for d in facts.data} | {r.source for r in facts.system.relations.rows()}
    used |= {i.source for i in facts.system.interventions.rows()}
    sources = [facts.system.sources[i] for i in facts.system.sources if i in used]
    if not sources:
        return None
    rows = tuple(
        Row(
            (
                s.id,
                Ref(s.title or s.id, s.url) if _is_web(s.url) else (s.title or s.id),
                s.publisher,
                s.year,
                label("source_type", s.type, w.language) if s.type in SOURCE_TYPES else s.type,
                _(CONFIDENCE[s.confidence]) if s.confidence in CONFIDENCE else s.confidence,
                area(s.scope, w.language),
                s.quote,
            ),
            anchor=source_anchor(s.id),
        )
        for s in sources
    )
    table = Table(
        "all-sources",
        _("Sources"),
        _("Sources with the words they were read from"),
        (
            Column(_("Id")),
            Column(_("Title")),
            Column(_("Publisher")),
            Column(_("Year"), "short"),
            Column(_("Type")),
            Column(_("Confidence")),
            Column(_("Area")),
            Column(_("Quotation")),
        ),
        rows,
        _("Titles and quotations stand in the language of the source."),
        searchable=True,
    )
    return Section("annex-sources", _("References"), (table,))


def _is_web(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))


def glossary(w: Writer) -> Section:
    """Return the terms of the report in Vietnamese and English, whatever its language."""
    _ = w.tr
    words = catalogue("vi")
    rows = tuple(Row((words.get(term, term), term)) for term in TERMS)
    table = Table(
        "glossary-table",
        _("Glossary"),
        _("Terms in Vietnamese and English"),
        (Column("Tiếng Việt"), Column("English")),
        rows,
    )
    return Section("annex-glossary", _("Glossary"), (table,))


def manifest(w: Writer) -> Section:
    """Return what is needed to make this report again."""
    _, facts = w.tr, w.facts
    counts = (
        ("processes", _("Processes")),
        ("flows", _("Flows")),
        ("stocks", _("Stocks")),
        ("materials", _("Materials")),
        ("parameters", _("Parameters")),
        ("observations", _("Observations")),
        ("relations", _("Relations")),
        ("scenarios", _("Scenarios")),
        ("sources", _("Sources")),
        ("iterations", _("Iterations of the solver")),
    )
    stamp = facts.stamp
    pairs = [
        (_("Case"), facts.case_id),
        (_("Version of mfa"), str(stamp.get("version", ""))),
        *((_("SHA-256 of {file}", file=name), code) for name, code in stamp["inputs"].items()),
        *((name, w.number(stamp[key], 0)) for key, name in counts),
        (_("Main period"), facts.period),
        (_("Main region"), facts.region),
        (_("All periods"), ", ".join(p for p in facts.system.periods if p)),
        (_("All regions"), ", ".join(r for r in facts.system.regions if r)),
        (_("Unit of goods"), w.unit(facts.unit)),
        (_("σ where nothing is stated or scored"), w.percent(default_cv())),
        (_("Probability below which a test fails"), w.percent(SIGNIFICANT)),
    ]
    rows = tuple(Row((name, value)) for name, value in pairs if value)
    table = Table(
        "manifest-table",
        _("Manifest"),
        _("What this report was made from"),
        (Column(_("Item")), Column(_("Value"))),
        rows,
    )
    text: Rich = (_("The same input and the same version give the same report, byte for byte."),)
    return Section("annex-manifest", _("Manifest"), (Paragraph(text), table))
