"""Tables in the making: what a reader found, row by row, with ids made from names."""

from __future__ import annotations

from mfa.errors import Place
from mfa.formats.converted import Converted, LossLog, ReadOptions
from mfa.formats.naming import Ids, is_vietnamese
from mfa.locale import N_
from mfa.model.quantity import OUTSIDE
from mfa.workbook.cells import number_text
from mfa.workbook.raw import Cell, RawTables, Row

NAME, TITLE = "name", "title"
DEFAULT_UNIT = "t/year"
NO_UNIT = N_(
    "No unit: the numbers are taken as {unit}. Say with --unit what they are if that is wrong."
)
UNKNOWN_UNIT = N_(
    "The unit “{text}” is not known: the numbers are taken as {unit}. Say with --unit what they "
    "are if that is wrong."
)


class Draft:
    """Collects the rows of the tables of one file.

    Parameters
    ----------
    source
        Name of the file.
    log
        Where losses go.

    Attributes
    ----------
    log
        The losses.
    place
        The file as a place, for what has no better one.
    processes, quantities, materials, sources, layers
        The ids given so far, of each kind.

    Examples
    --------
    >>> draft = Draft("a.txt", LossLog())
    >>> mill = draft.process("Rice mill")
    >>> draft.converted().tables.plain()["processes"]
    [{'id': 'Rice_mill', 'name_en': 'Rice mill'}]
    """

    def __init__(self, source: str, log: LossLog) -> None:
        self.log = log
        self.place = Place(file=source)
        self.processes = Ids(OUTSIDE)
        self.quantities = Ids()
        self.materials = Ids()
        self.sources = Ids(("assumption",))
        self.layers = Ids(("goods",))
        self._rows: dict[str, list[tuple[dict[str, str | float], Place]]] = {}
        self._source_ids: dict[str, str] = {}
        self._keys = Ids()

    def add(self, table: str, place: Place | None = None, **values: object) -> None:
        """Add a row; empty values and None are left out, ``name`` becomes that of its language."""
        filled = {
            key: value if isinstance(value, str) else float(value)  # type: ignore[arg-type]
            for key, value in values.items()
            if value is not None and value != ""
        }
        self._rows.setdefault(table, []).append((filled, place or self.place))

    def setting(self, key: str, value: str) -> None:
        """Add a setting of the case; ``title`` becomes that of its language."""
        if value:
            self.add("case", key=key, value=value)

    def process(self, name: str, place: Place | None = None, **fields: object) -> str:
        """Add a process and return its id."""
        identifier = self.processes.new(name, "process")
        self.add("processes", place, id=identifier, name=name, **fields)
        return identifier

    def flow(
        self,
        source: str,
        target: str,
        place: Place | None = None,
        *,
        id: str = "",
        **fields: object,
    ) -> str:
        """Add a flow between two processes and return its id."""
        identifier = self.quantities.new(id or f"{source}_to_{target}", "flow")
        self.add("flows", place, id=identifier, source=source, target=target, **fields)
        return identifier

    def observe(
        self, quantity: str, value: float, place: Place | None = None, **fields: object
    ) -> None:
        """Add an observation; ``source`` is the title of what it was taken from."""
        if fields.get("source"):
            fields["source"] = self.source(str(fields["source"]), place)
        name = self._keys.new(f"o_{quantity}", "o")
        self.add("observations", place, id=name, quantity=quantity, value=value, **fields)

    def relate(self, formula: str, place: Place | None = None, **fields: object) -> None:
        """Add a relation; ``name`` says what it is, ``source`` what it was taken from."""
        if fields.get("source"):
            fields["source"] = self.source(str(fields["source"]), place)
        name = self._keys.new(f"r_{fields.pop('id', '') or 1}", "r")
        self.add("relations", place, id=name, formula=formula, **fields)

    def source(self, title: str, place: Place | None = None) -> str:
        """Return the id of the source with this title, adding it at its first use."""
        if title not in self._source_ids:
            self._source_ids[title] = self.sources.new(title, "source")
            self.add("sources", place, id=self._source_ids[title], title=title)
        return self._source_ids[title]

    def unit(self, text: str, options: ReadOptions) -> str:
        """Return the unit of flows of the file, set it for the case, and report what was assumed.

        `text` is what the file says (empty: nothing); the options of the user come first. An amount
        (``kt``) is read as an amount a year.
        """
        for candidate in (options.unit, text):
            rate = rate_unit(candidate) if candidate else ""
            if rate:
                self.setting("unit", rate)
                return rate
        if text:
            self.log.add("unit-unknown", UNKNOWN_UNIT, n=1, assumed=True, text=text,
                         unit=DEFAULT_UNIT)  # fmt: skip
        else:
            self.log.add("unit-assumed", NO_UNIT, n=1, assumed=True, unit=DEFAULT_UNIT)
        self.setting("unit", DEFAULT_UNIT)
        return DEFAULT_UNIT

    def converted(self) -> Converted:
        """Return the tables with names in the column of their language, and the losses."""
        texts = [
            str(values[key])
            for rows in self._rows.values()
            for values, _ in rows
            for key in (NAME, "value")
            if isinstance(values.get(key), str)
        ]
        language = "vi" if is_vietnamese(texts) else "en"
        rows = {
            table: [_row(values, place, language) for values, place in found]
            for table, found in self._rows.items()
        }
        tables = RawTables(rows, decimal=".", language=language, source=self.place.file)
        return Converted(tables, self.log.losses)


def rate_unit(text: str) -> str:
    """Return `text` as a unit per time, adding “/year” to an amount; empty when it is no unit.

    Examples
    --------
    >>> rate_unit("kt"), rate_unit("t/day"), rate_unit("fish")
    ('kt/year', 't/day', '')
    """
    from mfa.errors import UnitError
    from mfa.units import parse_unit

    try:
        unit = parse_unit(text)
        if unit.dimension.get("time", 0) < 0:
            return text
        return parse_unit(f"{text}/year").text
    except UnitError:
        return ""


def percent_text(percent: float) -> str:
    """Return a relative standard deviation in per cent as the workbook has it.

    Examples
    --------
    >>> percent_text(10.000000000000002), percent_text(77.34375)
    ('10 %', '77.34375 %')
    """
    return f"{number_text(float(f'{abs(percent):.12g}'))} %"


def _row(values: dict[str, str | float], place: Place, language: str) -> Row:
    cells = {}
    for key, value in values.items():
        column = f"{NAME}_{language}" if key == NAME else key
        if key == "key" and value == TITLE:
            value = f"{TITLE}_{language}"
        cells[column] = Cell(value, place)
    return Row(cells, place)
