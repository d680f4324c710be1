"""The system: processes, flows and stocks inside one boundary, and all that is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mfa.errors import Place, Problem
from mfa.model.adding import (
    First,
    add_flow,
    add_layer,
    add_observation,
    add_parameter,
    add_process,
    add_record,
    add_relation,
    add_stock,
    add_transfer_coefficient,
    checked_correlation,
    regional,
)
from mfa.model.intervening import add_intervention
from mfa.model.intervention import Intervention, Scenario, scenarios_of
from mfa.model.observation import Observation, Source
from mfa.model.quantity import Flow, Layer, Material, Parameter, Process, Stock
from mfa.model.relation import Relation
from mfa.model.system_tables import SystemTables
from mfa.model.view import View, ViewGroup

if TYPE_CHECKING:
    from mfa.account import Account


class System(SystemTables):
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

    # ----------------------------------------------------------------------------------- adding

    def process(self, id: str, **fields: Any) -> Process:
        """Add a process; fields as in `Process` (sector, stage, boundary, balance, names…).

        Raises
        ------
        InputError
            The id is taken (the three outside processes may be described once more).
        """
        return add_process(self, Process(id, **fields))

    def layer(self, id: str, unit: str = "", **fields: Any) -> Layer:
        """Add a layer in its own unit (``goods`` exists)."""
        return add_layer(self, Layer(id, unit=self.unit_text(unit or self.unit), **fields))

    def material(self, id: str, **fields: Any) -> Material:
        """Add a material; fields as in `Material` (parent, mf_code, density…)."""
        return add_record(self.materials, Material(id, **fields))

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
        record = Flow(id, source, target, **regional(self, fields))
        return add_flow(self, record, First(value, sd, uncertainty, observed))

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
        record = Stock(id, process, **regional(self, fields))
        return add_stock(self, record, period, First(value, sd, uncertainty, observed))

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
        fields |= {"id": id, "period": str(period)}
        return add_parameter(self, fields, First(value, sd, uncertainty, observed))

    def transfer_coefficient(
        self, id: str, flow: str, *, of: str | None = None, **fields: Any
    ) -> Parameter:
        """Add a transfer coefficient in [0, 1]: ``flow = id × of``.

        Parameters
        ----------
        of
            Formula of what is shared out; default: all that enters the flow's source process.
        """
        return add_transfer_coefficient(self, id, flow, of, fields)

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
        fields |= {"factor": factor, "period": str(period)}
        return add_observation(
            self, quantity, value, sd=sd, uncertainty=uncertainty, unit=unit, id=id, place=place,
            decimal=decimal, fields=fields,
        )  # fmt: skip

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
        name = id or f"r{self.relations.row_count + 1}"
        return add_relation(self, Relation(name, formula, **fields))

    def correlate(self, first: str, second: str, correlation: float) -> None:
        """State the correlation between the observations of two quantities, or of two ids."""
        self.correlations.append(checked_correlation(first, second, correlation))

    def source(self, id: str, **fields: Any) -> Source:
        """Add a source of figures; fields as in `Source`."""
        return add_record(self.sources, Source(id, **fields))

    def view(self, id: str, groups: Iterable[ViewGroup], **fields: Any) -> View:
        """Add a Sankey definition made of `groups`."""
        return add_record(self.views, View(id, tuple(groups), **fields))

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
        return add_intervention(
            self, scenario, quantity, action, value, sd=sd, uncertainty=uncertainty, unit=unit,
            id=id, place=place, decimal=decimal, fields=fields | {"period": str(period)},
        )  # fmt: skip

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
