"""The system: processes, flows and stocks inside one boundary, and all that is known of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mfa.errors import InputError, Place, Problem, UnitError
from mfa.model.intervention import Intervention, Scenario, scenarios_of
from mfa.model.observation import Observation, Source
from mfa.model.observing import at_place, observed_spread, observed_value, unit_part
from mfa.model.quantity import OUTSIDE, Flow, Layer, Material, Parameter, Process, Stock, Transfer
from mfa.model.relation import Relation, parse_expression, parse_relation
from mfa.model.table import Table
from mfa.model.view import View, ViewGroup

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.editing import Applied


REGION_NAMES = {"north": "Bắc Bộ", "central": "Trung Bộ", "south": "Nam Bộ"}
_REGIONAL = re.compile(r"\b(sào|mẫu|công)\b(?!\s+(?:Bắc|Trung|Nam))", re.IGNORECASE)


class System:
    """Processes, flows, stocks, materials, parameters, relations and observations of one city.

    Parameters
    ----------
    title
        Name of the system (both languages; `info` may hold ``title_en`` and ``title_vi``).
    unit
        Default unit of flows.
    periods, regions
        Labels of the periods in order, and of the regions; a mapping of regions gives parent →
        children, and a parent's flows are then the sums of its children's. Without periods, those
        named in the calls are used, or a single unnamed one.
    info
        Free metadata: ``boundary_en``, ``description_vi``, ``population`` (a parameter's id)…

    Examples
    --------
    >>> s = System("two mills", unit="t/year")
    >>> _ = s.process("mill"); _ = s.process("market")
    >>> _ = s.flow("rice_in", "import", "mill", value=100, sd=5)
    >>> _ = s.flow("rice_out", "mill", "market", value=42, sd=2)
    >>> _ = s.flow("eaten", "market", "environment")
    >>> _ = s.flow("husk", "mill", "export")
    >>> account = s.balance()
    >>> account["husk"].status, round(account["husk"].value, 6)
    ('determined', 58.0)
    """

    def __init__(
        self,
        title: str = "",
        unit: str = "t/year",
        *,
        periods: Sequence[object] = (),
        regions: Sequence[str] | Mapping[str, Sequence[str]] = (),
        info: Mapping[str, str] | None = None,
    ) -> None:
        from mfa.units import parse_unit

        parse_unit(unit)
        self.unit = unit
        self.info: dict[str, str] = {"title_en": title, "title_vi": title} | dict(info or {})
        self.region_tree = dict(regions) if isinstance(regions, Mapping) else {}
        self._regions = tuple(
            dict.fromkeys(
                [*self.region_tree, *(c for kids in self.region_tree.values() for c in kids)]
                if self.region_tree
                else regions
            )
        )
        self._periods = tuple(str(p) for p in periods)
        self._named_periods: dict[str, None] = {}
        self.processes: Table[Process] = Table(Process)
        self.layers: Table[Layer] = Table(Layer)
        self.materials: Table[Material] = Table(Material)
        self.flows: Table[Flow] = Table(Flow)
        self.stocks: Table[Stock] = Table(Stock)
        self.parameters: Table[Parameter] = Table(Parameter)
        self.observations: Table[Observation] = Table(Observation)
        self.relations: Table[Relation] = Table(Relation)
        self.transfers: Table[Transfer] = Table(Transfer)
        self.sources: Table[Source] = Table(Source)
        self.views: Table[View] = Table(View)
        self.interventions: Table[Intervention] = Table(Intervention)
        self.applied: Applied | None = None
        self.correlations: list[tuple[str, str, float]] = []
        self._counts: Counter[str] = Counter()
        for outside in OUTSIDE:
            self.processes.append(Process(outside, boundary=outside, balance=False))
        self.layers.append(Layer("goods", unit=unit))

    @classmethod
    def from_tables(
        cls,
        title: str = "",
        unit: str = "t/year",
        *,
        periods: Sequence[object] = (),
        regions: Sequence[str] | Mapping[str, Sequence[str]] = (),
        info: Mapping[str, str] | None = None,
        **tables: Any,
    ) -> System:
        """Build a system from whole tables, without a Python loop over their rows.

        Parameters
        ----------
        **tables
            DataFrames (or mappings of columns) named processes, layers, materials, flows, stocks,
            parameters, transfers, observations, relations, sources; columns as in the records of
            `mfa.model`. Flows, stocks, parameters and transfers may carry ``value`` with ``sd`` or
            ``uncertainty`` of their own. Without ``processes``, the ends of the flows are they.
            A row of ``transfers`` (id, flow) is a transfer coefficient over all inputs of the
            flow's source.

        Raises
        ------
        InputError
            All problems of the tables at once.

        Examples
        --------
        >>> import pandas as pd
        >>> flows = pd.DataFrame({"id": ["a", "b"], "source": ["import", "p"],
        ...                       "target": ["p", "export"], "value": [10.0, None]})
        >>> round(System.from_tables("tiny", flows=flows).balance()["b"].value, 6)
        10.0
        """
        from mfa.model.bulk import fill_system

        system = cls(title, unit, periods=periods, regions=regions, info=info)
        fill_system(system, tables)
        return system

    # ------------------------------------------------------------------ what the system is made of

    @property
    def periods(self) -> tuple[str, ...]:
        """Labels of the periods, in order; ``("",)`` when there is one without a name."""
        return self._periods or tuple(sorted(self._named_periods)) or ("",)

    @property
    def regions(self) -> tuple[str, ...]:
        """Labels of the regions; ``("",)`` when there is only the city itself."""
        return self._regions or ("",)

    def title(self, language: str = "en") -> str:
        """Return the title in `language`."""
        return self._text("title", language)

    def boundary(self, language: str = "en") -> str:
        """Return the description of the system boundary in `language`."""
        return self._text("boundary", language)

    def description(self, language: str = "en") -> str:
        """Return what the study is about, in `language`."""
        return self._text("description", language)

    @property
    def population(self) -> str | None:
        """Id of the parameter that holds the population, if the case names one."""
        return self.info.get("population") or None

    @property
    def grdp(self) -> str | None:
        """Id of the parameter that holds the regional product, if the case names one."""
        return self.info.get("grdp") or None

    def _text(self, key: str, language: str) -> str:
        other = "en" if language == "vi" else "vi"
        return self.info.get(f"{key}_{language}") or self.info.get(f"{key}_{other}") or ""

    # ----------------------------------------------------------------------------------- adding

    def process(self, id: str, **fields: Any) -> Process:
        """Add a process; fields as in `Process` (sector, stage, boundary, balance, names…).

        Raises
        ------
        InputError
            The id is taken (the three outside processes may be described once more).
        """
        record = Process(id, **fields)
        if id in OUTSIDE:
            self.processes.update(
                id,
                name_en=record.name_en,
                name_vi=record.name_vi,
                sector=record.sector,
                stage=record.stage,
                note=record.note,
                place=record.place,
            )
            return self.processes[id]
        self._new(self.processes, id, record.place)
        self.processes.append(record)
        return record

    def layer(self, id: str, unit: str = "", **fields: Any) -> Layer:
        """Add a layer in its own unit (``goods`` exists)."""
        record = Layer(id, unit=self.unit_text(unit or self.unit), **fields)
        self._unit(record.unit, record.place)
        if id == "goods":
            self.layers.update(
                id,
                name_en=record.name_en,
                name_vi=record.name_vi,
                unit=record.unit,
                note=record.note,
                place=record.place,
            )
            return self.layers[id]
        self._new(self.layers, id, record.place)
        self.layers.append(record)
        return record

    def material(self, id: str, **fields: Any) -> Material:
        """Add a material; fields as in `Material` (parent, mf_code, density…)."""
        record = Material(id, **fields)
        self._new(self.materials, id, record.place)
        self.materials.append(record)
        return record

    def flow(
        self,
        id: str,
        source: str,
        target: str,
        *,
        value: float | str | None = None,
        sd: float | None = None,
        uncertainty: str = "",
        observed: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Flow:
        """Add a flow from `source` to `target`, perhaps with a first observation.

        Parameters
        ----------
        value, sd, uncertainty, observed
            Passed to `observe`; `observed` holds further fields of the observation.
        **fields
            As in `Flow`: material, layer, unit, lower (default 0), upper, role, period, region…

        Raises
        ------
        InputError
            The id is taken or the unit unknown.
        """
        self._regional(fields)
        record = Flow(id, source, target, **fields)
        self._new(self.flows, id, record.place, repeat=bool(record.period or record.region))
        self._measured_as(record)
        self._name_period(record.period)
        self.flows.append(record)
        when = {"period": record.period, "region": record.region}
        self._first(record, value, sd, uncertainty, when | dict(observed or {}))
        return record

    def stock(
        self,
        id: str,
        process: str,
        *,
        value: float | str | None = None,
        sd: float | None = None,
        uncertainty: str = "",
        period: object = "",
        observed: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Stock:
        """Add a stock held by `process`; its yearly change is the quantity ``<id>.change``.

        Calling again with the same id adds the level of another period. A level for the label just
        before the first period (``"2022"`` before ``"2023"``) is the opening level.
        """
        self._regional(fields)
        record = Stock(id, process, **fields)
        if id not in self.stocks:
            self._new(self.stocks, id, record.place)
            self._measured_as(record)
            self.stocks.append(record)
        when = {"period": str(period)}
        self._first(record, value, sd, uncertainty, when | dict(observed or {}))
        return self.stocks[id]

    def parameter(
        self,
        id: str,
        *,
        value: float | str | None = None,
        sd: float | None = None,
        uncertainty: str = "",
        period: object = "",
        observed: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Parameter:
        """Add a parameter; without a value it is an unknown that relations may settle.

        Unbounded unless ``lower=`` or ``upper=`` says otherwise; ``start=`` helps a nonlinear one.
        """
        self._regional(fields)
        record = Parameter(id, period=str(period), **fields)
        if isinstance(value, str) and record.unit is None and unit_part(value):
            unit = self.unit_text(unit_part(value))
            record = Parameter(id, period=str(period), **fields | {"unit": unit})
        self._new(self.parameters, id, record.place, repeat=bool(record.period or record.region))
        if record.unit:
            self._unit(record.unit, record.place)
        self._name_period(record.period)
        self.parameters.append(record)
        when = {"period": record.period, "region": record.region}
        self._first(record, value, sd, uncertainty, when | dict(observed or {}))
        return record

    def transfer_coefficient(
        self, id: str, flow: str, *, of: str | None = None, **fields: Any
    ) -> Parameter:
        """Add a transfer coefficient in [0, 1]: ``flow = id × of``.

        Parameters
        ----------
        of
            Formula of what is shared out; default: all that enters the flow's source process.
        """
        if flow not in self.flows:
            raise InputError(
                [
                    Problem(
                        "transfer-flow",
                        "The transfer coefficient “{id}” is of the "
                        "flow “{flow}”, which does not exist yet.",
                        {"id": id, "flow": flow},
                        fields.get("place"),
                    )
                ]
            )
        record = self.parameter(id, **{"lower": 0.0, "upper": 1.0, "unit": "1"} | fields)
        if of:
            self.relate(f'"{flow}" = "{id}" * ({of})', id=f"tc_{id}", place=record.place)
        else:
            self.transfers.append(Transfer(id, flow, record.place))
        return record

    def observe(
        self,
        quantity: str,
        value: float | str,
        *,
        sd: float | None = None,
        uncertainty: str = "",
        unit: str | None = None,
        factor: str = "",
        id: str = "",
        period: object = "",
        place: Place | None = None,
        decimal: str | None = ".",
        **fields: Any,
    ) -> Observation:
        """Add one reported value of a quantity, of a sum of quantities, or of ``value × factor``.

        Parameters
        ----------
        quantity
            Id of a flow, stock, ``stock.change`` or parameter, or a formula such as ``a + b``.
        value
            A number in `unit` (default: the quantity's unit), or text such as ``"42 kt/year"``.
        sd, uncertainty
            1 σ in `unit`, or text for `mfa.model.quality.parse_spread`. With neither, σ is derived
            from the data-quality scores in `fields`, else the default of 30 %; ``sigma_from`` says
            which.
        factor
            Formula of parameters that multiplies the value (``"population"``).

        Raises
        ------
        InputError
            The value is no finite number, an uncertainty is negative or unreadable, a unit unknown.
        """
        number, unit = observed_value(value, unit, decimal, place)
        if unit:
            unit = self.unit_text(unit)
            self._unit(unit, place)
        distribution = fields.pop("distribution", "")
        spread, origin = observed_spread(
            quantity,
            number,
            sd,
            uncertainty,
            fields,
            lambda: unit or self._unit_of(quantity),
            decimal,
            place,
        )
        self._counts[quantity] += 1
        self._name_period(period)
        record = Observation(
            id or f"{quantity}#{self._counts[quantity]}",
            quantity,
            number,
            spread.sd,
            unit,
            factor=factor,
            uncertainty=uncertainty,
            sigma_from=origin,
            distribution=distribution or spread.distribution,
            period=str(period),
            place=place,
            **fields,
        )
        if id:
            self._new(self.observations, record.id, place)
        self.observations.append(record)
        return record

    def relate(self, formula: str, *, id: str = "", **fields: Any) -> Relation:
        """Add an equation or inequality between quantities.

        Names, numbers, ``+ - * / ^``, parentheses, ``in(process)``, ``out(process)``,
        ``sum(material)`` and ``name[label]`` for one period or region. It holds in every period and
        region in which all its names have a value.

        Raises
        ------
        InputError
            The formula does not parse; the problem gives the position.
        """
        record = Relation(id or f"r{self.relations.row_count + 1}", formula, **fields)
        parse_relation(formula, record.place)
        self._new(self.relations, record.id, record.place)
        self.relations.append(record)
        return record

    def correlate(self, first: str, second: str, correlation: float) -> None:
        """State the correlation between the observations of two quantities, or of two ids."""
        if not -1 < correlation < 1:
            raise InputError(
                [
                    Problem(
                        "correlation-range",
                        "The correlation of “{first}” and "
                        "“{second}” is {value}; between −1 and 1 is expected.",
                        {"first": first, "second": second, "value": correlation},
                    )
                ]
            )
        self.correlations.append((first, second, float(correlation)))

    def source(self, id: str, **fields: Any) -> Source:
        """Add a source of figures; fields as in `Source`."""
        record = Source(id, **fields)
        self._new(self.sources, id, record.place)
        self.sources.append(record)
        return record

    def view(self, id: str, groups: Iterable[ViewGroup], **fields: Any) -> View:
        """Add a Sankey definition made of `groups`."""
        record = View(id, tuple(groups), **fields)
        self._new(self.views, id, record.place)
        self.views.append(record)
        return record

    # ------------------------------------------------------------------------------- scenarios

    def intervene(
        self,
        scenario: str,
        quantity: str,
        action: str,
        value: float | str | None = None,
        *,
        sd: float | None = None,
        uncertainty: str = "",
        unit: str | None = None,
        id: str = "",
        period: object = "",
        place: Place | None = None,
        decimal: str | None = ".",
        **fields: Any,
    ) -> Intervention:
        """Add an intervention to a scenario, which comes into being with its first one.

        Parameters
        ----------
        scenario
            Id of the scenario; ``scenario_name_en=`` and ``scenario_name_vi=`` name it.
        quantity, action, value
            What is edited, and how: see `Intervention`.
        sd, uncertainty
            As for `observe`. Without either, a factor and what is added are exact.
        **fields
            source, year, region, layer, note.

        Raises
        ------
        InputError
            The value or its uncertainty cannot be read. What does not fit the data is said when
            the scenario is applied.

        Examples
        --------
        >>> s = System("mill"); _ = s.process("mill")
        >>> _ = s.flow("rice", "import", "mill", value=100, sd=5)
        >>> _ = s.flow("husk", "mill", "export")
        >>> _ = s.intervene("frugal", "rice", "multiply", 0.8)
        >>> round(s.under("frugal").balance()["husk"].value, 6)
        80.0
        """
        from mfa.model.intervention_value import stated

        number = stated(self, quantity, action, value, sd, uncertainty, unit, decimal, place)
        record = Intervention(
            id or f"i{self.interventions.row_count + 1}", scenario, quantity, action,
            period=str(period), place=place, uncertainty=uncertainty, **number, **fields,
        )  # fmt: skip
        self._new(self.interventions, record.id, place)
        self.interventions.append(record)
        return record

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """The scenarios by id, in the order of their first intervention."""
        return scenarios_of(list(self.interventions.rows()))

    def under(self, scenario: str) -> System:
        """Return this system with the interventions of a scenario carried out on its data.

        Raises
        ------
        InputError
            There is no such scenario, or an intervention does not fit the data.
        """
        from mfa.model.editing import edited

        return edited(self, scenario)

    # --------------------------------------------------------------------------------- results

    def check(self) -> list[Problem]:
        """Return everything wrong or doubtful in the system as a whole (names, loose ends)."""
        from mfa.model.check import check_system

        return check_system(self)

    def balance(self, **options: Any) -> Account:
        """Reconcile all observations with all relations and return the account.

        Parameters
        ----------
        robust
            ``"huber"``: data further than 1.345 σ from where the others put them count less and
            less, so that a blunder does not spoil its neighbours (`mfa.balance.robust`). Off by
            default: plain least squares, in which the tests of the data have their usual meaning.
        client
            A Dask cluster on which a system of several regions is balanced by blocks, one a region
            (a client, a scheduler's address or ``"local"``, `mfa.cluster.connected`). Default: here
            and undivided. The results are the same; small systems are balanced faster here.

        Raises
        ------
        InputError
            The system has errors (all of them at once), or an option is unknown; or it cannot be
            divided: it has one region, or too much ties them.
        InfeasibleError
            Constants, bounds and relations cannot hold together.
        ConvergenceError
            A nonlinear system did not converge.
        ClusterError
            The cluster cannot be reached, or cannot do the work.
        """
        from mfa.balancing import balance

        return balance(self, **options)

    # --------------------------------------------------------------------------------- helpers

    def _regional(self, fields: dict[str, Any]) -> None:
        if fields.get("unit"):
            fields["unit"] = self.unit_text(fields["unit"])

    def _measured_as(self, record: Flow | Stock) -> None:
        """Check a record's unit; a material that is named for the first time gets a row."""
        if record.unit:
            self._unit(record.unit, record.place)
        if record.material and record.material not in self.materials:
            self.materials.append(Material(record.material))

    def _first(
        self,
        record: Flow | Stock | Parameter,
        value: float | str | None,
        sd: float | None,
        uncertainty: str,
        fields: Mapping[str, Any],
    ) -> None:
        """Add the observation that came with a record, if one came."""
        if value is not None:
            fields = {"place": record.place} | dict(fields)
            self.observe(record.id, value, sd=sd, uncertainty=uncertainty, **fields)

    def _name_period(self, period: object) -> None:
        if str(period):
            self._named_periods[str(period)] = None

    def _new(
        self, table: Table[Any], identifier: str, place: Place | None, repeat: bool = False
    ) -> None:
        """Refuse an empty id and one that is taken in `table`."""
        if not identifier:
            raise InputError(
                [
                    Problem(
                        "id-missing",
                        "An id is missing. Every row needs a short, unique id.",
                        {},
                        place,
                    )
                ]
            )
        if identifier in table and not repeat:
            raise InputError(
                [
                    Problem(
                        "id-duplicate",
                        "The id “{id}” stands twice. Ids must be unique.",
                        {"id": identifier},
                        place,
                    )
                ]
            )

    def unit_text(self, text: str) -> str:
        """Return `text` with sào, mẫu and công made explicit for the region the case declares."""
        region = REGION_NAMES.get(self.info.get("sao_region", ""), "")
        return _REGIONAL.sub(rf"\1 {region}", text) if region else text

    def _unit(self, text: str, place: Place | None) -> None:
        from mfa.units import parse_unit

        try:
            parse_unit(text)
        except UnitError as error:
            raise InputError(at_place(error.problems, place)) from error

    def _unit_of(self, quantity: str) -> str:
        """Return the display unit of a quantity's values ("" for bare numbers and formulas)."""
        name = quantity.strip().strip('"`')
        if name in self.flows:
            flow = self.flows[name]
            return flow.unit or self.layer_unit(flow.layer)
        if name in self.parameters:
            return self.parameters[name].unit or ""
        base = name.removesuffix(".change")
        if base in self.stocks:
            return self.stock_units(base)[0 if base == name else 1]
        node = parse_expression(quantity)
        names = [n.id for n in _names(node)]
        return self._unit_of(names[0]) if names else self.unit

    def layer_unit(self, layer: str) -> str:
        """Return the unit of a layer's flows."""
        return (self.layers[layer].unit if layer in self.layers else "") or self.unit

    def stock_units(self, stock: str) -> tuple[str, str]:
        """Return the units of a stock's level and of its change."""
        from mfa.units import parse_unit

        record = self.stocks[stock]
        rate = self.layer_unit(record.layer)
        per_time = parse_unit(rate).dimension.get("time", 0) < 0
        amount = rate.rsplit("/", 1)[0].strip() if per_time and "/" in rate else rate
        if not record.unit:
            return amount, rate
        unit = parse_unit(record.unit)
        if unit.dimension == parse_unit(rate).dimension:
            return amount, record.unit
        return record.unit, f"{record.unit}/year" if per_time else record.unit


def _names(node: Any) -> list[Any]:
    from mfa.model.relation import Name, walk

    return [item for item in walk(node) if isinstance(item, Name)]
