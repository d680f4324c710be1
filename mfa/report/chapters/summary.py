"""Key figures, key messages and gaps on one page."""

from __future__ import annotations

from mfa.indicators.ew_mfa import CATEGORIES, NAMES
from mfa.indicators.sums import Total
from mfa.locale.numbers import format_value
from mfa.report.document import Bullets, Card, Cards, Paragraph, Rich, Section, Strong
from mfa.report.figures import OVERALL, sankey_figure
from mfa.report.tables import Range, Ref
from mfa.report.text import Writer, quantity_anchor

KEY_TOTALS = ("de", "imports", "exports", "dmc", "nas", "dpo")
SIGNIFICANT, TOO_GOOD = 0.05, 0.95
UNMOVED = 1e-4  # χ²
RECOVERED = ("reuse", "feed", "recycling", "composting")
LOST = ("burning", "dumping")


def about(w: Writer) -> tuple[tuple[str, str], ...]:
    """Return the facts of the title block: boundary, period, author, version."""
    _, system = w.tr, w.facts.system
    info = system.info
    pairs = (
        (_("System boundary"), system.boundary(w.language)),
        (_("Period"), ", ".join(p for p in system.periods if p)),
        (_("Region"), w.facts.region),
        (_("Author"), info.get("author", "")),
        (_("Version of the data"), info.get("version", "")),
    )
    return tuple((name, value) for name, value in pairs if value)


def chapter(w: Writer) -> Section:
    """Return the summary."""
    _ = w.tr
    blocks = []
    description = w.facts.system.description(w.language)
    if description:
        blocks.append(Paragraph((description,), "lead"))
    blocks.append(key_figures(w))
    blocks.append(
        Paragraph(
            (
                _(
                    "Small print under a key figure: its 95 % interval. In sentences, ± is one "
                    "standard deviation (σ). “≥” and “at least” mark sums of which a part is "
                    "unknown."
                ),
            ),
            "small",
        )
    )
    blocks.append(Section("messages", _("Key messages"), (Bullets(messages(w)),)))
    blocks.append(Section("gaps-summary", _("What is not known yet"), (Bullets(open_points(w)),)))
    picture = sankey_figure(w, w.facts.overall_view, OVERALL)
    if picture:
        blocks.append(Section("overview", _("The city’s flows at a glance"), (picture,)))
    return Section("summary", _("Summary"), tuple(blocks))


def key_figures(w: Writer) -> Cards:
    """Return the economy-wide totals, consumption per person, and waste."""
    economy, _ = w.facts.economy, w.tr
    cards = [
        _card(w, key, _(NAMES[key]), economy.total(key), f"#ew-{key}")
        for key in KEY_TOTALS
        if economy.total(key).weights
    ]
    person = economy.per_person.get("dmc")
    if person is not None:
        cards.append(
            Card(
                "dmc-person",
                _("Material consumption per person"),
                format_value(person.value, person.sd, language=w.language),
                w.unit(person.unit),
                Range(person.lower, person.upper, person.sd).text(w.language),
                "",
                "#ew-dmc",
            )
        )
    if w.facts.waste:
        whole = w.facts.waste[0].totals["all"]
        cards.append(_card(w, "waste", _("Waste and by-products"), whole, "#waste"))
    return Cards(tuple(cards))


def _card(w: Writer, key: str, name: str, total: Total, href: str) -> Card:
    _ = w.tr
    remark = ""
    if total.unknown:
        remark = w.count(len(total.unknown), _("part unknown"), _("parts unknown"))
    if total.estimate is None or not (total.complete or total.floor):
        interval = Range(total.lower, total.upper).text(w.language)
        return Card(key, name, "?", w.unit(w.facts.unit), interval, remark, href)
    value = format_value(total.estimate.value, total.estimate.sd, language=w.language)
    prefix = "" if total.complete else "≥ "
    interval = Range(total.lower, total.upper, total.estimate.sd).text(w.language)
    return Card(key, name, prefix + value, w.unit(w.facts.unit), interval, remark, href)


def messages(w: Writer) -> tuple[Rich, ...]:
    """Return the sentences a reader in a hurry should see."""
    found = [_metabolism(w), _consumption(w), _biggest(w), _stay_or_leave(w), _waste(w), _data(w)]
    return tuple(sentence for sentence in found if sentence)


def _metabolism(w: Writer) -> Rich | None:
    _, economy = w.tr, w.facts.economy
    de, imports, exports = (economy.total(key) for key in ("de", "imports", "exports"))
    if not (de.weights and imports.weights and exports.weights):
        return None
    return w.say(
        _(
            "In {period}, the city took {de} of materials from its own territory and {imports} "
            "from outside, and sent {exports} to other places."
        ),
        period=w.facts.period or _("the period"),
        de=Strong(w.total(de)),
        imports=Strong(w.total(imports)),
        exports=Strong(w.total(exports)),
    )


def _consumption(w: Writer) -> Rich | None:
    """Return domestic consumption, in all and per person, and its largest category."""
    _, economy = w.tr, w.facts.economy
    dmc = economy.total("dmc")
    if dmc.estimate is None:
        return None
    person = economy.per_person.get("dmc")
    if person is None:
        return w.say(_("Domestic material consumption is {dmc}."), dmc=Strong(w.total(dmc)))
    return w.say(
        _("Domestic material consumption is {dmc}, or {person}."),
        dmc=Strong(w.total(dmc)),
        person=Strong(w.estimate(person)),
    )


def _biggest(w: Writer) -> Rich | None:
    """Return the largest category of extraction and the largest single flow."""
    _, economy = w.tr, w.facts.economy
    de = economy.total("de")
    parts = {
        kind: economy.total("de", kind).estimate
        for kind in CATEGORIES
        if economy.total("de", kind).complete
    }
    if not (de.complete and de.estimate.value > 0 and parts and w.facts.biggest):
        return None
    kind = max(parts, key=lambda k: parts[k].value)
    flow = w.facts.biggest[0]
    return w.say(
        _(
            "{share} of what is extracted is {category}. The largest flow of the whole account is "
            "{flow} ({value})."
        ),
        share=Strong(w.percent(parts[kind].value / de.estimate.value)),
        category=_(CATEGORIES[kind]).lower(),
        flow=Ref(w.name(flow.id), f"#{quantity_anchor(flow.id)}"),
        value=w.rounded(flow),
    )


def _stay_or_leave(w: Writer) -> Rich | None:
    _, economy = w.tr, w.facts.economy
    nas, dpo = economy.total("nas"), economy.total("dpo")
    if not (nas.weights and dpo.weights):
        return None
    return w.say(
        _(
            "Stocks such as buildings and landfills grew by {nas}; {dpo} went back to nature as "
            "emissions, residues and uncontrolled waste."
        ),
        nas=Strong(w.total(nas)),
        dpo=Strong(w.total(dpo)),
    )


def _waste(w: Writer) -> Rich | None:
    _ = w.tr
    if not w.facts.waste or not w.facts.waste[0].shares:
        return None
    vector = w.facts.waste[0]

    def share(roles: tuple[str, ...]) -> str:
        return w.percent(sum(vector.shares[r].value for r in roles if r in vector.shares))

    if set(vector.shares) == {"landfill"}:
        return (_("All waste and by-products whose destination is known are landfilled."),)
    return w.say(
        _(
            "Of the waste and by-products whose destination is known, {recovered} are reused, fed, "
            "recycled or composted, {energy} are burned for energy, {landfill} are landfilled and "
            "{lost} are burned in the open or dumped."
        ),
        recovered=Strong(share(RECOVERED)),
        energy=Strong(share(("energy_recovery",))),
        landfill=Strong(share(("landfill",))),
        lost=Strong(share(LOST)),
    )


def _data(w: Writer) -> Rich:
    _, facts = w.tr, w.facts
    used = {d.source for d in facts.data if not d.assumed and d.source}
    if not used:
        return w.say(
            _("The account rests on {data}, and no source is named for any of them. {verdict}"),
            data=w.count(len(facts.data), _("observation"), _("observations")),
            verdict=verdict(w),
        )
    assumed = sum(d.assumed for d in facts.data)
    if not assumed:
        return w.say(
            _("The account rests on {data} from {sources}. {verdict}"),
            data=w.count(len(facts.data), _("observation"), _("observations")),
            sources=w.count(len(used), _("source"), _("sources")),
            verdict=verdict(w),
        )
    return w.say(
        _("The account rests on {data}: {assumed}, all others from {sources}. {verdict}"),
        data=w.count(len(facts.data), _("observation"), _("observations")),
        sources=w.count(len(used), _("source"), _("sources")),
        assumed=w.count(assumed, _("assumption"), _("assumptions")),
        verdict=verdict(w),
    )


def verdict(w: Writer) -> str:
    """Return in one sentence whether the data agree with each other."""
    _, test = w.tr, w.facts.test
    if test.dof == 0:
        if test.chi2 > UNMOVED:
            return _(
                "No observation can be checked against another, because none is redundant; but "
                "some do not fit within the limits of other quantities and were moved until they "
                "do (see the chapter on reconciliation)."
            )
        return _("No observation can be checked against another, because none is redundant.")
    values = {
        "chi2": w.number(test.chi2, 1),
        "dof": w.number(test.dof, 0),
        "p": w.p_value(test.p_value),
    }
    if test.p_value >= TOO_GOOD:
        return _(
            "They agree with each other, even better than their uncertainties would suggest "
            "(χ² = {chi2}, {dof} degrees of freedom, p {p}): the uncertainties were probably set "
            "too wide.",
            **values,
        )
    if test.p_value >= SIGNIFICANT:
        return _(
            "They agree with each other within their uncertainties (χ² = {chi2}, "
            "{dof} degrees of freedom, p {p}).",
            **values,
        )
    return _(
        "They contradict each other more than their uncertainties allow (χ² = {chi2}, "
        "{dof} degrees of freedom, p {p}); see the chapter on reconciliation.",
        **values,
    )


def open_points(w: Writer) -> tuple[Rich, ...]:
    """Return what is unknown, what rests on assumptions only, and what is least certain."""
    _, facts = w.tr, w.facts
    points: list[Rich] = []
    if facts.unknown:
        needed = sum(gap.needed for gap in facts.gaps)
        points.append(
            w.say(
                _(
                    "{unknown} of {all} quantities remain unknown: the data only give an "
                    "interval. At most {needed} would settle them all; the {link} names them."
                ),
                unknown=w.number(len(facts.unknown), 0),
                all=w.number(len(facts.here()), 0),
                needed=w.count(needed, _("further observation"), _("further observations")),
                link=Ref(_("chapter on reconciliation"), "#unknown"),
            )
        )
    else:
        points.append((_("Every quantity of the account has a value; none is left unknown."),))
    vague = [i for i in facts.biggest if i.amount_sd > 0]
    vague.sort(key=lambda i: -i.amount_sd)
    if vague:
        names = tuple(w.ref(i.id) for i in vague[:3])
        points.append(
            w.say(_("The largest uncertainties in tonnes lie in: {flows}."), flows=w.listed(names))
        )
    if facts.next_consumption:
        best = facts.next_consumption[0]
        points.append(
            w.say(
                _(
                    "One further observation of {flow}, good to a tenth, would narrow domestic "
                    "material consumption most: its σ would fall by {gain}."
                ),
                flow=w.ref(best.id),
                gain=w.percent(best.gain),
            )
        )
    loose = [d for d in facts.data if not d.testable and d.sd > 0]
    if loose:
        points.append(
            w.say(
                _(
                    "{n} of {all} observations cannot be checked against any other; an error in "
                    "them would stay unseen."
                ),
                n=w.number(len(loose), 0),
                all=w.number(len(facts.data), 0),
            )
        )
    return tuple(points)
