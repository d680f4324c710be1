"""The data-quality matrix: how good the data of each sector are, and what that does to σ."""

from __future__ import annotations

import math

from mfa.locale import N_
from mfa.model.quality import score_table
from mfa.report.chapters.parts import score_columns
from mfa.report.document import Paragraph, Section
from mfa.report.facts import SCORES
from mfa.report.quality import OTHER, PARAMETERS, GroupQuality
from mfa.report.tables import Badge, Column, Num, Row, Table
from mfa.report.text import Writer

SCORE_NAMES = {
    "reliability": N_("Reliability of the source"),
    "completeness": N_("Completeness"),
    "temporal": N_("Fit of the year"),
    "spatial": N_("Fit of the place"),
    "other": N_("Fit of the subject"),
}
LIGHTS = ((1.5, "good", N_("good")), (2.5, "fair", N_("fair")), (math.inf, "bad", N_("poor")))
SENSITIVITY = "medium"  # how `mfa.model.quality.cv_from_scores` weighs all but reliability


def section(w: Writer) -> Section | None:
    """Return the matrix with the table that turns scores into σ; None without any score."""
    _, facts = w.tr, w.facts
    if not facts.quality.by_score:
        return None
    text = Paragraph(
        (
            _(
                "Five questions are asked of every observation: how far can the source be trusted, "
                "does the observation cover all that is meant, is it of the right year, of the "
                "right place, about the right thing? The first table shows the answers by sector: "
                "the mean score and what it means in a word. The second shows what a score adds "
                "to σ where the source states no uncertainty."
            ),
        )
    )
    return Section("quality-matrix", _("Data-quality matrix"), (text, matrix(w), shares(w)))


def matrix(w: Writer) -> Table:
    """Return the mean scores of every sector as a traffic light in words, and σ."""
    _ = w.tr
    defaults = any(group.default for group in w.facts.quality_by_group)
    return Table(
        "data-matrix",
        _("Data"),
        _("Data quality by sector: mean scores, and median σ in per cent of the value"),
        (
            Column(_("Sector")),
            Column(_("Observations"), "number"),
            *(Column(_(SCORE_NAMES[name]), "short") for name in SCORES),
            Column(_("σ stated"), "number"),
            Column(_("σ from scores"), "number"),
            *((Column(_("σ by default"), "number"),) if defaults else ()),
            Column(_("Median σ"), "number", "%"),
            Column(_("Median σ from scores"), "number", "%"),
        ),
        tuple(_row(w, group, defaults) for group in w.facts.quality_by_group),
        _(
            "Good: mean score up to 1.5; fair: up to 2.5; poor: above. “–”: no score. The next "
            "columns count the observations by the origin of their σ."
        ),
    )


def _row(w: Writer, group: GroupQuality, defaults: bool) -> Row:
    return Row(
        (
            _group_name(w, group.group),
            Num(group.count, decimals=0),
            *(_light(w, mean) for mean in group.means),
            Num(group.given, decimals=0),
            Num(group.scored, decimals=0),
            *((Num(group.default, decimals=0),) if defaults else ()),
            *(_percent(share) for share in (group.spread, group.spread_scored)),
        )
    )


def _group_name(w: Writer, group: str) -> str:
    _ = w.tr
    names = {PARAMETERS: _("Coefficients and other parameters"), OTHER: _("No sector")}
    return names[group] if group in names else w.sector(group)


def _light(w: Writer, mean: float) -> Badge | str:
    if math.isnan(mean):
        return "–"
    key, word = next((key, word) for limit, key, word in LIGHTS if mean <= limit)
    return Badge(key, f"{w.tr(word)} ({w.number(mean, 1)})")


def _percent(share: float) -> Num:
    return Num(100 * share, decimals=0 if share >= 0.1 else 1)


def shares(w: Writer) -> Table:
    """Return what each score adds to σ, in per cent of the value."""
    _, table = w.tr, score_table()
    rows = []
    for name in SCORES:
        group = (name, "any") if name == "reliability" else ("other", SENSITIVITY)
        parts = [100 * table[(*group, score)] for score in (1, 2, 3, 4)]
        cells = [Num(part, decimals=1, heat=_heat(part)) for part in parts]
        rows.append(Row((_(SCORE_NAMES[name]), *cells)))
    return Table(
        "data-shares",
        _("Data"),
        _("What a score adds to σ (per cent of the value)"),
        score_columns(w),
        tuple(rows),
        _(
            "The five shares combine as the root of the sum of their squares (Laner et al., 2016). "
            "A stated uncertainty goes before scores."
        ),
    )


def _heat(part: float) -> int:
    return next((k for k, limit in enumerate((1.0, 5.0, 15.0, 30.0)) if part < limit), 4)
