"""Where the data come from and how good they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mfa.report.areas import area
from mfa.report.chapters import quality
from mfa.report.chapters.parts import score_columns
from mfa.report.chapters.quality import SCORE_NAMES
from mfa.report.document import Paragraph, Section
from mfa.report.facts import SCORES
from mfa.report.tables import Column, Num, Row, Table
from mfa.report.text import Writer
from mfa.vocabulary import SOURCE_TYPES, label

_YEARS = re.compile(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?(?!\d)")
SHOWN = 8  # years and scopes; the rest is summed in the last row


def chapter(w: Writer) -> Section | None:
    """Return the chapter on data; None without observations."""
    _ = w.tr
    if not w.facts.data:
        return None
    matrix = quality.section(w)
    return Section(
        "data",
        _("Data and their quality"),
        (
            *_introduction(w),
            _types(w),
            *((_scores(w),) if w.facts.quality.by_score else ()),
            *((_years(w),) if any(w.facts.quality.by_year) else ()),
            *((_scopes(w),) if any(w.facts.quality.by_scope) else ()),
            *((matrix,) if matrix else ()),
        ),
    )


def _introduction(w: Writer) -> tuple[Paragraph, ...]:
    _, facts = w.tr, w.facts
    blocks = [
        Paragraph(
            w.say(
                _(
                    "The account uses {data}; each is listed with its source, quotation and "
                    "scores in the annexes."
                ),
                data=w.count(len(facts.data), _("observation"), _("observations")),
            )
        )
    ]
    if facts.quality.off_period:
        blocks.append(
            Paragraph(
                w.say(
                    _(
                        "{n} of them are from another year than {period} and stand in for "
                        "missing observations; the score for the year says how well they fit."
                    ),
                    n=w.number(facts.quality.off_period, 0),
                    period=facts.period,
                )
            )
        )
    return tuple(blocks)


def _types(w: Writer) -> Table:
    """Return the number of figures by type of source."""
    _, counts = w.tr, w.facts.quality.by_type
    order = [t for t in SOURCE_TYPES if counts.get(t)]
    order += [t for t in counts if t not in SOURCE_TYPES]
    names = {key: label("source_type", key, w.language) or _("not stated") for key in order}
    return _distribution(
        w,
        "data-types",
        _("Observations by type of source"),
        _("Type of source"),
        {names[key]: counts[key] for key in order},
    )


def _years(w: Writer) -> Table:
    _, counts = w.tr, _by_year(w.facts.quality.by_year)
    years = sorted(counts, key=lambda y: (y[:1].isdigit(), y), reverse=True)
    ordered = {y or _("not stated"): counts[y] for y in years}
    return _distribution(
        w, "data-years", _("Observations by year"), _("Year"), _shorten(w, ordered)
    )


def _by_year(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by year or span of years, whatever else is said (2017-05, 2020 plan)."""
    years: dict[str, int] = {}
    for text, count in counts.items():
        found = _YEARS.match(text.strip())
        year = "–".join(y for y in found.groups() if y) if found else text
        years[year] = years.get(year, 0) + count
    return years


def _scopes(w: Writer) -> Table:
    _, counts = w.tr, w.facts.quality.by_scope
    ordered = {
        area(s, w.language) or _("not stated"): counts[s]
        for s in sorted(counts, key=lambda s: (-counts[s], s))
    }
    return _distribution(
        w,
        "data-scopes",
        _("Observations by the area they were published for"),
        _("Area"),
        _shorten(w, ordered),
    )


def _shorten(w: Writer, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the first `SHOWN` entries and the sum of the rest."""
    _, items = w.tr, list(counts.items())
    if len(items) <= SHOWN + 1:
        return dict(items)
    return dict(items[:SHOWN]) | {_("all others"): sum(n for _, n in items[SHOWN:])}


def _distribution(w: Writer, id: str, title: str, heading: str, counts: Mapping[str, int]) -> Table:
    _ = w.tr
    whole = sum(counts.values())
    return Table(
        id,
        _("Data"),
        title,
        (
            Column(heading),
            Column(_("Number of observations"), "number"),
            Column(_("Share"), "number", "%"),
        ),
        tuple(
            Row((name, Num(count, decimals=0), Num(100 * count / whole, decimals=0)))
            for name, count in counts.items()
        ),
    )


def _scores(w: Writer) -> Table:
    """Return the matrix of scores: how many figures have which score in which respect."""
    _, facts = w.tr, w.facts
    counts = facts.quality.by_score
    most = max(counts.values(), default=1)
    rows, gaps = [], []
    for name in SCORES:
        numbers = [counts.get((name, score), 0) for score in (1, 2, 3, 4)]
        gaps.append(len(facts.data) - sum(numbers))
        cells = [Num(n, decimals=0, heat=min(4, -(-4 * n // most)) if n else 0) for n in numbers]
        rows.append((_(SCORE_NAMES[name]), *cells))
    return Table(
        "data-scores",
        _("Data"),
        _("Data-quality scores: number of observations"),
        (*score_columns(w), *((Column(_("no score"), "number"),) if any(gaps) else ())),
        tuple(
            Row((*row, Num(gap, decimals=0)) if any(gaps) else row)
            for row, gap in zip(rows, gaps, strict=True)
        ),
        _("The darker a cell, the more observations have this score."),
    )
