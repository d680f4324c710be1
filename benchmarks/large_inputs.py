"""Large inputs: a workbook of many observations beside openpyxl, and tables of a million rows.

    python benchmarks/large_inputs.py [rows of the workbook] [rows of the tables]

Each measurement runs in a process of its own, so that its memory is its own.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FLOWS = 2_000
CODE = {
    "openpyxl, read-only": """
import openpyxl
for sheet in openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets:
    for row in sheet.iter_rows(values_only=True):
        pass
""",
    "mfa: read": """
from mfa.workbook.read import read_workbook
assert not read_workbook(path).problems
""",
    "mfa: read, check and build": """
from mfa.case import open_case
assert not [p for p in open_case(path).problems if p.severity == "error"]
""",
    "mfa: CSV tables → System": """
from mfa.formats.bulk import read_system
read_system(path)
""",
    "mfa: Parquet tables → System": """
from mfa.formats.bulk import read_system
read_system(path)
""",
    "mfa: CSV tables, check and balance": """
from mfa.case import open_case
case = open_case(path)
assert not [p for p in case.check() if p.severity == "error"]
assert case.coarse([])
""",
}
MEASURE = """
import resource, sys, time
path = sys.argv[1]
start = time.process_time()
{code}
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measured(name: str, path: Path) -> tuple[float, int]:
    """Return CPU seconds and peak MB of one way of reading `path`."""
    command = [sys.executable, "-c", MEASURE.format(code=CODE[name]), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes = done.stdout.split()
    return float(seconds), int(megabytes)


def workbook(path: Path, rows: int) -> Path:
    from mfa.workbook.template import write_template

    tables = {
        "case": [{"key": "periods", "value": "2023"}, {"key": "decimal", "value": ","}],
        "processes": [{"id": f"p{i}"} for i in range(200)],
        "flows": [
            {"id": f"f{i}", "source": f"p{i % 200}", "target": f"p{(i * 7 + 1) % 200}",
             "material": "rice"}
            for i in range(FLOWS)
        ],
        "materials": [{"id": "rice"}],
        "sources": [{"id": "yearbook", "title": "Niên giám thống kê"}],
        "observations": [
            {"id": f"o{i}", "quantity": f"f{i % FLOWS}", "value": 100.5 + i % 77, "unit": "t/year",
             "uncertainty": "10 %", "source": "yearbook", "year": "2023",
             "reliability": float(1 + i % 4), "period": "2023", "note": f"Bảng {i}, thóc và gạo"}
            for i in range(rows)
        ],
    }  # fmt: skip
    return write_template(path, "vi", tables)


def tables(folder: Path, rows: int) -> None:
    """Write flows and as many observations as CSV and, with pyarrow, as Parquet."""
    import numpy as np
    import pandas as pd

    number = np.arange(rows)
    flows = pd.DataFrame({"id": [f"f{i}" for i in range(rows // 5)]})
    ends = np.arange(len(flows))
    flows["source"] = [f"p{i}" for i in ends % 5_000]
    flows["target"] = [f"p{i}" for i in (ends * 7 + 1) % 5_000]
    observed = pd.DataFrame(
        {
            "id": [f"o{i}" for i in number],
            "quantity": flows["id"].to_numpy()[number % len(flows)],
            "value": 100.5 + number % 77,
            "unit": "t/year",
            "uncertainty": "10 %",
            "source": "yearbook",
        }
    )
    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
    frames = {"flows": flows, "observations": observed}
    for name, frame in frames.items():
        frame.to_csv(folder / "csv" / f"{name}.csv", index=False)
        try:
            frame.to_parquet(folder / "parquet" / f"{name}.parquet", index=False)
        except ImportError:
            print("pyarrow is not installed: Parquet is left out")


def main(rows: int = 100_000, many: int = 1_000_000) -> None:
    with TemporaryDirectory() as name:
        # In a process of its own, too: a child inherits the peak memory of its parent.
        command = [sys.executable, __file__, "write", name, str(rows), str(many)]
        subprocess.run(command, check=True)
        book = Path(name) / "large.xlsx"
        floor = None
        for way in list(CODE)[:3]:
            seconds, megabytes = measured(way, book)
            floor = floor or seconds
            print(f"{way:34} {rows:>9} rows {seconds:7.1f} s {megabytes:5} MB "
                  f"{seconds / floor:5.2f} × openpyxl")  # fmt: skip
        for way, kind in zip(list(CODE)[3:], ("csv", "parquet", "csv"), strict=True):
            folder = Path(name) / kind
            if any(folder.iterdir()):
                seconds, megabytes = measured(way, folder)
                print(f"{way:34} {many:>9} rows {seconds:7.1f} s {megabytes:5} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        workbook(Path(sys.argv[2]) / "large.xlsx", int(sys.argv[3]))
        tables(Path(sys.argv[2]), int(sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))
