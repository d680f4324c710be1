"""How typst is called: our template, our fonts, data as JSON, nothing from the machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from importlib.resources import files
from typing import Any

from mfa.report.paged import Picture
from mfa.report.pdf_pack import pack_pdf
from mfa.report.xlsx import CREATED
from mfa.sankey.font import font_path

KEPT = 10  # documents through which typst keeps what it worked out
HELD = 2  # documents whose remains are left in memory: those of one report


def typeset_pdf(template: str, data: Any) -> bytes:
    """Return the PDF that a template makes of `data` (``sys.inputs.report``).

    Raises
    ------
    RuntimeError
        typst cannot set it, or has doubts (a font is missing…); the message is typst's.
    """
    import typst

    with _MEMORY.document():
        pdf, warnings = typst.compile_with_warnings(
            _template(template),
            format="pdf",
            font_paths=[str(font_path().parent)],
            ignore_system_fonts=True,
            sys_inputs={"report": json.dumps(data, ensure_ascii=False)},
            timestamp=CREATED.replace(tzinfo=UTC),
        )
    if warnings:
        raise RuntimeError("; ".join(str(warning) for warning in warnings))
    return pack_pdf(pdf)


def typeset_pictures(pictures: Sequence[Picture], dpi: float) -> list[bytes]:
    """Return SVG pictures as PNG.

    typst draws them with the same library as `mfa.sankey.png`, all at once and several times as
    fast.

    Parameters
    ----------
    pictures
        What to draw, and how large.
    dpi
        Dots per inch.

    Raises
    ------
    RuntimeError
        An SVG cannot be read; the message is typst's.
    """
    import typst

    if not pictures:
        return []
    data = [{"svg": p.svg, "width": p.width, "height": p.height} for p in pictures]
    made = typst.compile(
        _template("pictures.typ"),
        format="png",
        ppi=dpi,
        font_paths=[str(font_path().parent)],
        ignore_system_fonts=True,
        sys_inputs={"pictures": json.dumps(data, ensure_ascii=False)},
    )
    return [made] if isinstance(made, bytes) else list(made)


class _Memory:
    """What typst keeps in this process of the documents it has set.

    It is given back when the next report begins: whoever writes one only need not wait for it, and
    nothing is taken from a document that is being set.
    """

    def __init__(self) -> None:
        self.lock, self.running, self.held = threading.Lock(), 0, 0

    @contextmanager
    def document(self) -> Iterator[None]:
        with self.lock:
            if not self.running and self.held >= HELD:
                _forget()
                self.held = 0
            self.running += 1
        try:
            yield
        finally:
            with self.lock:
                self.running -= 1
                self.held += 1


_MEMORY = _Memory()  # typst has one memory a process


def _forget() -> None:
    """Let typst give back what it worked out.

    It keeps that through its next ten documents, for the case that they are alike: hundreds of
    megabytes after a long report, which only slow down the next one.
    """
    import typst

    for number in range(KEPT + 1):
        typst.compile(f"{number}".encode(), format="pdf", ignore_system_fonts=True)


def _template(name: str) -> bytes:
    return files("mfa.report").joinpath("templates", name).read_bytes()
