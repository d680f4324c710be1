"""Feed mutated texts and files to every reader but that of workbooks, guided by coverage.

    pip install atheris
    python tests/fuzz/readers.py sankeymatic corpus/ -max_total_time=100 -timeout=10

The first word names a target of `TARGETS`. Without atheris, or with ``--random SECONDS``, the seeds
are mutated blindly. Any exception but the documented ones is a finding, and so is a read that takes
more than two seconds. `tests/fuzz/test_replay.py` tries the seeds, some mutations of each and past
findings with every run of the tests.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

with contextlib.suppress(ImportError):
    import atheris

LONGEST = 2.0
WORDS = (b"<", b">", b"[", b"]", b"{", b"}", b'"', b",", b"\n", b"-1", b"NaN", b"1e999", b"\xff",
         b"99999999999999999999", b"\\ud800", b"null", b"=", b"^", b"\xe2\x80\xae")  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A reader: how it is called, the suffix of its files, and files it reads."""

    run: Callable[[Path], object]
    suffix: str
    seeds: tuple[bytes, ...]


def _foreign(name: str) -> Callable[[Path], object]:
    def run(path: Path) -> None:
        from mfa.formats import read_foreign

        converted = read_foreign(path, name)
        converted.system()
        for loss in converted.losses:
            loss.text("vi")

    return run


def _detect(path: Path) -> None:
    from mfa.formats import detect

    detect(path)


def _tables(path: Path) -> None:
    from mfa.formats.tables import read_tables
    from mfa.workbook.build import build_system

    names = {"f": "flows.csv", "o": "observations.csv", "r": "relations.csv", "c": "case.csv"}
    data = path.read_bytes()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "flows.csv").write_bytes(b"id,source,target\na,import,export\n")
        (folder / names.get(chr(data[0] if data else 0), "flows.csv")).write_bytes(data[1:])
        _system, problems = build_system(read_tables(folder))
        for problem in problems:
            problem.text("vi")


def _account(path: Path) -> None:
    from mfa.formats.account_read import read_account_table

    read_account_table(path)


def _text(call: Callable[[str], object]) -> Callable[[Path], object]:
    return lambda path: call(path.read_bytes().decode("utf-8", "replace"))


def _number(text: str) -> None:
    from mfa.units import parse_number

    for decimal in (None, ",", "."):
        with refusals():
            parse_number(text, decimal)


def _unit(text: str) -> None:
    from mfa.errors import UnitError
    from mfa.units import parse_unit

    with contextlib.suppress(UnitError):
        parse_unit(text)


def _relation(text: str) -> None:
    from mfa.model.relation import parse_expression, parse_relation

    with refusals():
        parse_relation(text)
    parse_expression(text)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Let pass what the readers promise to raise; a mere ValueError is a finding."""
    from mfa.errors import InputError

    with contextlib.suppress(InputError):
        yield


def _database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.smfa"
        database = sqlite3.connect(path)
        database.executescript(
            """PRAGMA page_size = 512;
            CREATE TABLE Process (ProcessID, ProcessType, Name);
            CREATE TABLE ProcessInput (ProcessInputID, ProcessID);
            CREATE TABLE ProcessOutput (ProcessOutputID, ProcessID);
            CREATE TABLE Flow (FlowID, ProcessInputID, ProcessOutputID, Name);
            CREATE TABLE FlowValue (FlowID, PeriodID, FlowLayerID, MFInput, MFNumUnitID);
            CREATE TABLE Unit (UnitID, UnitCode, Factor);
            INSERT INTO Process VALUES (2, 2, 'Mill');
            INSERT INTO ProcessInput VALUES (1, 2);
            INSERT INTO Flow VALUES (1, 1, NULL, 'rice');
            INSERT INTO FlowValue VALUES (1, 1, 1, 5, 3);
            INSERT INTO Unit VALUES (3, 't', 1000);"""
        )
        database.close()
        return path.read_bytes()


_XML = b"""<MfaSystemData xmlns="http://inkasoft.net/MfaSystemData.xsd">
<Process><ProcessID>2</ProcessID><ProcessType>2</ProcessType><Name>Mill</Name></Process>
<ProcessInput><ProcessInputID>1</ProcessInputID><ProcessID>2</ProcessID></ProcessInput>
<Flow><FlowID>1</FlowID><ProcessInputID>1</ProcessInputID><Name>rice</Name></Flow>
<FlowValue><FlowID>1</FlowID><PeriodID>1</PeriodID><FlowLayerID>1</FlowLayerID><MFInput>5</MFInput>
<MFNumUnitID>3</MFNumUnitID></FlowValue><Unit><UnitID>3</UnitID><UnitCode>t</UnitCode></Unit>
<Period><PeriodID>1</PeriodID><PeriodCode>2023</PeriodCode></Period>
<FlowLayer><FlowLayerID>1</FlowLayerID><Name>Good</Name></FlowLayer></MfaSystemData>"""
_DIAGRAM = {
    "version": "0.9",
    "dataTags": {"y": {"name": "Year", "tags": {"a": {"name": "2023", "selected": True}}}},
    "nodes": {
        "m": {"name": "Mill", "stock_values": {"initial_stock": 3}},
        "n": {"name": "Part", "dimensions": {"d": {"parent_name": "m"}}},
        "x": {"name": "Shop"},
    },
    "links": {
        "l": {
            "idSource": "n",
            "idTarget": "x",
            "value": {"datatag_group": "y", "a": {"data_value": 5, "data_uncertainty": 10}},
        }
    },
}
_CUBE = {
    "class": "dataset",
    "id": ["indic_env", "material", "unit", "geo", "time"],
    "size": [2, 2, 1, 1, 1],
    "dimension": {
        "indic_env": {"category": {"index": {"DE": 0, "IMP": 1}}},
        "material": {"category": {"index": {"TOTAL": 0, "MF1": 1}}},
        "unit": {"category": {"index": {"THS_T": 0}}},
        "geo": {"category": {"index": {"AT": 0}}},
        "time": {"category": {"index": {"2020": 0}}},
    },
    "value": {"0": 1.5, "1": 2, "3": 4},
    "status": {"0": "p"},
}
_ACCOUNT = {"quantities": [{"id": "a", "kind": "flow", "value": 1, "sd": None}]}


def _json(content: object) -> bytes:
    return json.dumps(content).encode()


TARGETS = {
    "sankeymatic": Target(_foreign("sankeymatic"), ".txt", (
        b"// SankeyMATIC diagram inputs - Rice\nFarm [10] Mill #c00.5\n:Mill #ccc >> <<\n"
        b"node a\n.label X\nMill [*] Shop\nmove Mill 0.1, -0.2\nvalue suffix ' t'\nsize w 600\n",
    )),
    "opensankey": Target(_foreign("opensankey"), ".json", (_json(_DIAGRAM),)),
    "stan-xml": Target(lambda path: _packed(path), ".zmfa", (_XML,)),
    "stan-sqlite": Target(_foreign("stan"), ".smfa", (_database(),)),
    "eurostat": Target(_foreign("eurostat"), ".json", (_json(_CUBE),)),
    "irp": Target(_foreign("irp"), ".csv", (
        b"Country,Category,Flow name,Flow code,Flow unit,2019,2020\n"
        b"Viet Nam,Biomass,Domestic Extraction,DE,t,1,2\n",
    )),
    "tables": Target(_tables, ".csv", (
        b"fid,source,target,unit,lower\na,import,export,kt,5\n",
        b"oid,quantity,value,unit,uncertainty\no,a,5,kg/day,\xc2\xb1 10 %\n",
        b"rid,formula\nr,a = 2 * in(export) + 3 t/year\n",
        b"ckey,value\nperiods,\"2022, 2023\"\nregions,\"Hue: A, B\"\nunit,t/year\n",
    )),
    "account": Target(_account, ".json", (_json(_ACCOUNT),)),
    "detect": Target(_detect, ".bin", (b"A [1] B", b"{\"nodes\":{}}", gzip.compress(b"{}"))),
    "number": Target(_text(_number), ".txt", (b"1.234,5", "−1\u00a0234·5".encode(), b"5e-3")),
    "unit": Target(_text(_unit), ".txt", (b"t/year", "kg/người/ngày".encode(), b"m^3/ha/a")),
    "relation": Target(_text(_relation), ".txt", (
        b"a + 2*b[2023] >= in(mill) - sum(rice)^2", b"x.change = -(1/3) * y", b"a <= 1,5",
    )),
}  # fmt: skip
"""Name → reader."""


def _packed(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes(), 1))
    _foreign("stan")(path)


def try_one(name: str, data: bytes) -> None:
    """Read `data` as the target `name` does.

    Raises
    ------
    TimeoutError
        It took too long.
    Exception
        Whatever a reader raises that it does not promise.
    """
    target = TARGETS[name]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"fuzz{target.suffix}"
        path.write_bytes(data)
        start = time.process_time()
        with refusals():
            target.run(path)
        if time.process_time() - start > LONGEST:
            raise TimeoutError(f"{time.process_time() - start:.1f} s")


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return `seed` with a few bytes changed, doubled, dropped or replaced by telling words."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                data[at : at + chance.randrange(9)] = chance.choice(WORDS)
            case 2:
                other = chance.randrange(len(data) + 1)
                data[at:at] = data[other : other + chance.randrange(40)]
            case _:
                del data[at : at + chance.randrange(9)]
    return bytes(data)


def randomly(name: str, seconds: float, seed: int = 1) -> None:
    """Mutate the seeds of a target blindly for some time."""
    chance, end, count = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutated(chance.choice(TARGETS[name].seeds), chance)
        count += 1
        try:
            try_one(name, data)
        except Exception:
            Path("finding").write_bytes(data)
            raise
    sys.stderr.write(f"{name}: {count} inputs, nothing found\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    chosen, options = sys.argv[1], sys.argv[2:]
    if "atheris" not in globals() or "--random" in options:
        given = [float(a) for a in options if a.replace(".", "").isdigit()]
        randomly(chosen, *(given or [60.0]))
    else:
        with atheris.instrument_imports(include=["mfa.formats", "mfa.model.relation", "mfa.units"]):
            import mfa.formats.account_read
            import mfa.formats.eurostat
            import mfa.formats.irp
            import mfa.formats.opensankey
            import mfa.formats.sankeymatic
            import mfa.formats.stan
            import mfa.formats.tables
            import mfa.model.relation
            import mfa.units  # noqa: F401 - imported to be instrumented
        corpus = Path(options[0]) if options else Path("corpus")
        corpus.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(TARGETS[chosen].seeds):
            (corpus / f"seed{number}").write_bytes(content)
        atheris.Setup([sys.argv[0], *options], lambda data: try_one(chosen, data))
        atheris.Fuzz()
