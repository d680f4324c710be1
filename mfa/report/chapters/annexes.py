"""The data annexes: every flow and stock, every parameter, every observation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mfa.locale import N_
from mfa.report.areas import area
from mfa.report.chapters.parts import LONG
from mfa.report.document import Section
from mfa.report.facts import Datum, Item
from mfa.report.tables import Column, Num, Ref, Row, Table
from mfa.report.text import Writer, datum_anchor, quantity_anchor

SIGMA_FROM = {
    "given": N_("stated"),
    "scores": N_("from scores"),
    "default": N_("default"),
}


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
            Column(_("Origin of σ")),
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
        " ".join(_notes(w, data)),
        searchable=True,
    )
    return Section("annex-observations", _("All observations"), (table,))


def _notes(w: Writer, data: Iterable[Datum]) -> Iterator[str]:
    """Yield how to read the table of observations."""
    _ = w.tr
    yield _(
        "Scores, 1 (best) to 4: reliability, completeness, year, place, subject; “·” where there "
        "is none."
    )
    if any(d.factor for d in data):
        yield _(
            "“Multiplied by”: the formula of parameters that the reported value was multiplied by."
        )


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
            area(d.scope, w.language),
            d.id,
            d.place,
        ),
        anchor=datum_anchor(d.id),
    )
