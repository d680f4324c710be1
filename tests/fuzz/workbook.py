"""Feed mutated workbooks and tables to the readers, guided by coverage; not part of the tests.

    pip install atheris
    python tests/fuzz/workbook.py corpus/ -max_total_time=600 -timeout=10 -rss_limit_mb=1000

Without atheris, or with ``--random SECONDS``, the same inputs are mutated blindly. Any exception
but the documented ones is a finding, and so is a read that takes more than two seconds.
"""

import contextlib
import io
import random
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

with contextlib.suppress(ImportError):
    import atheris

LONGEST = 2.0


def seeds() -> list[bytes]:
    """Return a small filled workbook in each language."""
    from mfa.workbook.template import write_template
    from tests.workbook.books import SMALL

    with TemporaryDirectory() as folder:
        return [
            write_template(Path(folder) / f"{language}.xlsx", language, SMALL).read_bytes()
            for language in ("vi", "en")
        ]


def stored(workbook: bytes) -> bytes:
    """Return the workbook uncompressed, so that a changed byte changes its XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def repaired(data: bytes) -> bytes:
    """Return a stored archive with its checksums put right: else every change is just damage."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            for info in old.infolist():
                with old.open(info) as stream:
                    stream._expected_crc = None
                    new.writestr(info.filename, stream.read())
    except Exception:  # whatever zipfile says: the bytes are then tried as they are
        return data
    return out.getvalue()


def read_one(data: bytes) -> None:
    """Read, build, say and annotate one file."""
    from mfa.errors import InputError
    from mfa.workbook.build import build_system
    from mfa.workbook.feedback import annotate
    from mfa.workbook.read import read_workbook

    with TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.xlsx"
        path.write_bytes(data)
        start = time.process_time()
        tables = read_workbook(path)
        if time.process_time() - start > LONGEST:
            raise TimeoutError(f"{time.process_time() - start:.1f} s")
        _system, problems = build_system(tables)
        for problem in problems:
            problem.text("vi")
        with contextlib.suppress(InputError):
            annotate(path, problems, Path(folder) / "out.xlsx")


def test_one_input(data: bytes) -> None:
    """Try the bytes as they are and, where they are an archive, with checksums put right."""
    read_one(repaired(data))


def randomly(seconds: float, seed: int = 1) -> None:
    """Mutate the seeds blindly for some time."""
    chance = random.Random(seed)
    bases = [stored(data) for data in seeds()]
    words = [b"<", b">", b"&#0;", b'"', b"-1", b"NaN", b"1e999", b"99999999999999", b"\xff", b"A1"]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = bytearray(chance.choice(bases))
        for _ in range(chance.randint(1, 30)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    word = chance.choice(words)
                    data[at : at + len(word)] = word
                case 2:
                    other = chance.randrange(len(data) - 64)
                    data[at : at + 64] = data[other : other + 64]
                case _:
                    digit = data.find(b"0", at)
                    if digit >= 0:
                        data[digit] = chance.choice(b"0123456789-. ")
        count += 1
        try:
            test_one_input(bytes(data))
        except BaseException:
            Path("finding.xlsx").write_bytes(repaired(bytes(data)))
            sys.stderr.write(f"finding.xlsx after {count} files (seed {seed})\n")
            raise
    sys.stderr.write(f"{count} files, nothing found\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if "atheris" not in globals() or "--random" in sys.argv:
        given = [float(a) for a in sys.argv[1:] if a.replace(".", "").isdigit()]
        randomly(*(given or [60.0]))
    else:
        with atheris.instrument_imports(include=["mfa.workbook"]):
            import mfa.workbook.feedback  # noqa: F401 - imported to be instrumented
        folder = Path(sys.argv[1]) if sys.argv[1:] else Path("corpus")
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds()):
            (folder / f"seed{number}.xlsx").write_bytes(stored(data))
        atheris.Setup(sys.argv, test_one_input)
        atheris.Fuzz()
