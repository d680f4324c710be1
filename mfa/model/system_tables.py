"""What a system is made of: its tables, its labels of time and place, its texts and units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mfa.model.intervention import Intervention
from mfa.model.observation import Observation, Source
from mfa.model.quantity import OUTSIDE, Flow, Layer, Material, Parameter, Process, Stock, Transfer
from mfa.model.relation import Relation
from mfa.model.system_units import regional_text, stock_units, unit_of
from mfa.model.table import Table
from mfa.model.view import View

if TYPE_CHECKING:
    from mfa.model.editing import Applied


class SystemTables:
    """The data of a `mfa.System`, which adds the ways to write them down and to use them."""

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

    def unit_text(self, text: str) -> str:
        """Return `text` with sào, mẫu and công made explicit for the region the case declares."""
        return regional_text(text, self.info.get("sao_region", ""))

    def layer_unit(self, layer: str) -> str:
        """Return the unit of a layer's flows."""
        return (self.layers[layer].unit if layer in self.layers else "") or self.unit

    def stock_units(self, stock: str) -> tuple[str, str]:
        """Return the units of a stock's level and of its change."""
        record = self.stocks[stock]
        return stock_units(record.unit, self.layer_unit(record.layer))

    def _unit_of(self, quantity: str) -> str:
        return unit_of(self, quantity)

    def _name_period(self, period: object) -> None:
        if str(period):
            self._named_periods[str(period)] = None
