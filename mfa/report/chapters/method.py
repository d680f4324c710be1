"""Accounting rules, how data become σ, and what balancing does, in plain words."""

from __future__ import annotations

from mfa.report.document import Bullets, Definitions, Paragraph, Rich, Section
from mfa.report.text import Writer
from mfa.vocabulary import STATUSES

MEANINGS_ORDER = ("reconciled", "measured", "determined", "free", "fixed")


def chapter(w: Writer) -> Section:
    """Return the chapter on scope and method."""
    _ = w.tr
    return Section(
        "method",
        _("Method"),
        (
            Section("counted", _("What is counted"), (Bullets(_rules(w)),)),
            Section("uncertainty", _("From data to uncertainty"), _uncertainty(w)),
            Section("balancing", _("What balancing does"), _balancing(w)),
            Section("statuses", _("What is known of a quantity"), (_statuses(w),)),
        ),
    )


def _rules(w: Writer) -> tuple[tuple[str, ...], ...]:
    _ = w.tr
    return (
        (_("Materials are counted as they are traded or handed over, with their moisture."),),
        (
            _(
                "Trade with the rest of the country is trade: what comes from or goes to other "
                "provinces is an import or export of the city. Transit does not count."
            ),
        ),
        (
            _(
                "A controlled landfill lies inside the economy, so waste brought there adds to "
                "stock. Dumping and open burning go to the environment."
            ),
        ),
        (
            _(
                "Water, electricity and other layers are balanced on their own and never added to "
                "tonnes."
            ),
        ),
        (
            _(
                "Oxygen, water vapour and the like are balancing items. They close balances, but "
                "are not part of extraction or processed output."
            ),
        ),
    )


def _uncertainty(w: Writer) -> tuple[Paragraph, ...]:
    _, quality = w.tr, w.facts.quality
    given, scored, default = (
        w.number(quality.by_sigma.get(key, 0), 0) for key in ("given", "scores", "default")
    )
    return (
        Paragraph(
            (
                _(
                    "Every observation enters with a standard deviation σ. Where the source "
                    "states an uncertainty, it is used. Otherwise σ follows from five "
                    "data-quality scores, from one (best) to four: how reliable and complete the "
                    "observation is, and how well its year, place and subject fit. Each score "
                    "adds a share of the value; the shares combine as the root of the sum of "
                    "squares (Laner et al., 2016)."
                ),
            )
        ),
        Paragraph(_origins(w, given, scored, default)),
    )


def _balancing(w: Writer) -> tuple[Paragraph, ...]:
    _ = w.tr
    return (
        Paragraph(
            (
                _(
                    "Mass is conserved: what enters a process leaves it or stays in its stock. "
                    "Published observations do not obey this by themselves, since each has an "
                    "error of its own. Balancing moves all observations as little as possible, "
                    "measured in their own σ, until every balance and every relation holds. "
                    "Certain observations hardly move, uncertain ones give way (weighted least "
                    "squares, weights one over σ squared)."
                ),
            )
        ),
        Paragraph(
            (
                _(
                    "Where several observations bear on one quantity, the result is more certain "
                    "than each of them. Flows without an observation follow from the balances "
                    "where these leave only one answer. Where they do not, the report gives the "
                    "interval that the data allow and makes up no value."
                ),
            )
        ),
        Paragraph(
            (
                _(
                    "How far the observations had to move tells whether they agree. The chapter "
                    "on reconciliation shows the largest moves, the doubtful observations, and "
                    "those that nothing else can check."
                ),
            )
        ),
    )


def _statuses(w: Writer) -> Definitions:
    _ = w.tr
    meanings = {
        "reconciled": _("There are observations, and balances or other observations check them."),
        "measured": _("There is an observation, but nothing that checks it."),
        "determined": _("There is no observation; the value follows from others."),
        "free": _("Neither observations nor balances settle it; only an interval is known."),
        "fixed": _("A constant without uncertainty."),
    }
    counts = {key: sum(i.status == key for i in w.facts.here()) for key in STATUSES}
    return Definitions(
        tuple(
            (
                w.status(key),
                (meanings[key] + " ", _counted(w, counts[key])),
            )
            for key in MEANINGS_ORDER
        )
    )


def _origins(w: Writer, given: str, scored: str, default: str) -> Rich:
    """Say for how many observations σ comes from where."""
    _ = w.tr
    if default == w.number(0, 0):
        sentence = _(
            "In this account the uncertainty (σ) of {given} observations comes from their source, "
            "and that of {scored} from scores."
        )
        return w.say(sentence, given=given, scored=scored)
    sentence = _(
        "In this account the uncertainty (σ) of {given} observations comes from their source, that "
        "of {scored} from scores, and that of {default} from the default."
    )
    return w.say(sentence, given=given, scored=scored, default=default)


def _counted(w: Writer, number: int) -> str:
    """Say how many quantities of the account have a status."""
    _ = w.tr
    if not number:
        return _("There is none in this account.")
    return _("In this account: {n}.", n=w.number(number, 0))
