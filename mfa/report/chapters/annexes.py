"""The annexes: every flow, parameter, figure, assumption and source, the glossary, the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mfa.locale import N_, catalogue
from mfa.report.document import Paragraph, Rich, Section
from mfa.report.facts import Datum, Item
from mfa.report.tables import Column, Num, Ref, Row, Table
from mfa.report.text import Writer, datum_anchor, quantity_anchor, source_anchor
from mfa.vocabulary import SOURCE_TYPES, label

if TYPE_CHECKING:
    from mfa.model.relation import Relation

LONG = 20  # rows from which a table offers a filter
SIGMA_FROM = {
    "given": N_("stated"),
    "scores": N_("from scores"),
    "default": N_("default"),
}
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


def flows(w: Writer) -> Section:
    """Return every flow and stock of every period and region, with its data and sources."""
    _ = w.tr
    kinds = ("flow", "stock", "stock_change")
    items = [i for i in w.facts.items if i.kind in kinds]
    table = Table(
        "all-flows",
        _("Flows"),
        _("All flows, stocks and stock changes"),
        (
            Column(_("Name")),
            *_label_columns(w),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("95 % interval"), "range"),
            Column(_("Unit"), "short"),
            Column(_("Status"), "short"),
            Column(_("Observations"), "number"),
            Column(_("Sources")),
            Column(_("From → to")),
            Column(_("Material")),
            Column(_("Id"), "short"),
        ),
        tuple(_item_row(w, i) for i in items),
        _(
            "The number of observations leads to them. A flow without observations follows from "
            "others or is unknown; its interval is then what is possible."
        ),
        searchable=True,
    )
    return Section("annex-flows", _("All flows and stocks"), (table,))


def _label_columns(w: Writer) -> tuple[Column, ...]:
    """Return columns for period and region where there are several."""
    _, system = w.tr, w.facts.system
    period = (Column(_("Period")),) if len(system.periods) > 1 else ()
    region = (Column(_("Region")),) if len(system.regions) > 1 else ()
    return period + region


def _labels(w: Writer, item: Item | Datum) -> tuple[str, ...]:
    system = w.facts.system
    period = (item.period,) if len(system.periods) > 1 else ()
    region = (item.region,) if len(system.regions) > 1 else ()
    return period + region


def _anchor(w: Writer, item: Item) -> str:
    """Return the anchor of a row; only the main period and region can be linked to."""
    main = item.period in ("", w.facts.period) and item.region in ("", w.facts.region)
    return quantity_anchor(item.id) if main else ""


def _item_row(w: Writer, item: Item) -> Row:
    data = [w.facts.datum(i) for i in item.observations]
    ends = w.path(item) if item.kind == "flow" else _holder(w, item)
    cells = (
        w.name(item.id),
        *_labels(w, item),
        w.value_cell(item),
        Num(item.sd, item.sd or None),
        w.range_cell(item),
        w.unit(item.unit),
        w.status(item.status),
        _count(w, data),
        _sources(w, data),
        ends,
        w.material(item.material),
        item.id,
    )
    return Row(cells, "" if item.known else "weak", _anchor(w, item))


def _holder(w: Writer, item: Item) -> str:
    return w.process(w.facts.system.stocks[item.id.removesuffix(".change")].process)


def _count(w: Writer, data: list[Datum]) -> Num | Ref:
    if not data:
        return Num(0, decimals=0)
    return Ref(w.number(len(data), 0), f"#{datum_anchor(data[0].id)}")


def _sources(w: Writer, data: Iterable[Datum]) -> tuple[str | Ref, ...]:
    """Return links to the sources of some figures, each once."""
    found = dict.fromkeys(w.source(d) for d in data)
    parts: list[str | Ref] = []
    for source in found:
        if source:
            parts += [", "] if parts else []
            parts.append(source)
    return tuple(parts)


def parameters(w: Writer) -> Section | None:
    """Return all parameters; None without any."""
    _ = w.tr
    items = [i for i in w.facts.items if i.kind == "parameter"]
    if not items:
        return None
    table = Table(
        "all-parameters",
        _("Parameters"),
        _("All parameters"),
        (
            Column(_("Name")),
            *_label_columns(w),
            Column(_("Value"), "number"),
            Column("σ", "number"),
            Column(_("95 % interval"), "range"),
            Column(_("Unit"), "short"),
            Column(_("Status"), "short"),
            Column(_("Observations"), "number"),
            Column(_("Sources")),
            Column(_("Id"), "short"),
        ),
        tuple(_parameter_row(w, i) for i in items),
        searchable=len(items) > LONG,
    )
    return Section("annex-parameters", _("All parameters"), (table,))


def _parameter_row(w: Writer, item: Item) -> Row:
    data = [w.facts.datum(i) for i in item.observations]
    cells = (
        w.name(item.id),
        *_labels(w, item),
        w.value_cell(item),
        Num(item.sd, item.sd or None),
        w.range_cell(item),
        w.unit(item.unit),
        w.status(item.status),
        _count(w, data),
        _sources(w, data),
        item.id,
    )
    return Row(cells, "" if item.known else "weak", _anchor(w, item))


def observations(w: Writer) -> Section | None:
    """Return all figures as reported, with what balancing made of them; None without any."""
    _, data = w.tr, w.facts.data
    if not data:
        return None
    table = Table(
        "all-observations",
        _("Observations"),
        _("All observations as they entered the account"),
        (
            Column(_("Quantity")),
            *_label_columns(w),
            Column(_("Reported"), "number"),
            Column("σ", "number"),
            Column(_("Unit"), "short"),
            Column(_("Multiplied by")),
            Column(_("Origin of σ"), "short"),
            Column(_("Scores"), "short"),
            Column(_("Balanced"), "number"),
            Column(_("Adjustment (σ)"), "number"),
            Column(_("Source")),
            Column(_("Year"), "short"),
            Column(_("Area")),
            Column(_("Id"), "short"),
            Column(_("Place in the input"), "short"),
        ),
        tuple(_datum_row(w, d) for d in data),
        _(
            "Scores, 1 (best) to 4: reliability, completeness, year, place, subject; “·” where "
            "there is none. “Multiplied by”: the formula of parameters that the reported value was "
            "multiplied by."
        ),
        searchable=True,
    )
    return Section("annex-observations", _("All observations"), (table,))


def _datum_row(w: Writer, d: Datum) -> Row:
    _ = w.tr
    move = (d.reconciled - d.value) / d.sd if d.sd > 0 else 0.0
    return Row(
        (
            w.observed(d),
            *_labels(w, d),
            w.reported_cell(d),
            Num(d.sd, d.sd or None),
            w.unit(d.unit),
            w.formula(d.factor, names=True),
            _(SIGMA_FROM[d.sigma_from]) if d.sigma_from in SIGMA_FROM else d.sigma_from,
            " ".join("·" if score is None else str(score) for score in d.scores)
            if any(score is not None for score in d.scores)
            else "",
            Num(d.reconciled, d.sd),
            Num(move, decimals=2),
            w.source(d),
            d.year,
            d.scope,
            d.id,
            d.place,
        ),
        anchor=datum_anchor(d.id),
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
                s.scope,
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
        (_("Unit of goods"), w.unit(facts.unit)),
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
