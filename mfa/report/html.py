"""The report as one self-contained page: text, tables, pictures, font and style in one file.

The page asks nothing of any server. Its content-security policy allows the one style sheet and the
one script it carries, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import urlencode

from markupsafe import Markup, escape

from mfa.locale import translator
from mfa.report.document import Document, Figure, Rich, Strong
from mfa.report.tables import Badge, Bar, Cell, Ref

_GLUE = re.compile(r" (?=%)|(?<=\b[pσ]) (?=[=<])|(?<=χ²) (?==)|(?<=[=<]) (?=\d)")
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}


def render_html(
    document: Document, others: Mapping[str, str] | None = None, explorer: str = ""
) -> str:
    """Return the page.

    Parameters
    ----------
    document
        The report.
    others
        Language → file name of the same report in other languages, to link to.
    explorer
        File name of the explorer beside the page, to link to; "" for none.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mfa.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
    )
    environment.filters["kind"] = lambda value: type(value).__name__
    environment.filters["picture"] = lambda figure: Markup(inline_svg(figure))
    environment.filters["tidy"] = tidy
    environment.filters["rich"] = rich_html
    environment.filters["badge"] = badge_html
    environment.filters["cell"] = lambda cell: cell_html(cell, document.language)
    environment.filters["explored"] = lambda figure: _explored(figure, document, explorer)
    environment.globals["_"] = translator(document.language)
    style, script = _style(), _file("report.js")
    return environment.get_template("report.html.j2").render(
        doc=document,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        version=_version(),
        explorer=explorer,
        others=[
            {"language": key, "href": href, "text": LANGUAGE_NAMES[key]}
            for key, href in sorted((others or {}).items())
        ],
    )


def inline_svg(figure: Figure) -> str:
    """Return the figure's SVG for use inside a page: no prolog, ids of its own."""
    svg = figure.svg[figure.svg.index("<svg") :]
    ids = set(re.findall(r'\sid="([^"]+)"', svg))
    for identifier in sorted(ids, key=len, reverse=True):
        new = f"{figure.id}-{identifier}"
        svg = svg.replace(f'id="{identifier}"', f'id="{new}"')
        svg = svg.replace(f'"#{identifier}"', f'"#{new}"').replace(
            f"url(#{identifier})", f"url(#{new})"
        )
        svg = re.sub(
            rf'(aria-labelledby|aria-describedby)="{re.escape(identifier)}"', rf'\1="{new}"', svg
        )
    return svg


def _explored(figure: Figure, document: Document, explorer: str) -> str:
    """Return the address at which the explorer shows the figure's view; "" for none."""
    if not (explorer and figure.view):
        return ""
    return f"{explorer}#{urlencode({'language': document.language, 'view': figure.view})}"


def rich_html(text: Rich | str) -> Markup:
    """Return a sentence with its links and emphasis."""
    parts = (text,) if isinstance(text, str) else text
    return Markup("").join(_part(part) for part in parts)


def cell_html(cell: Cell, language: str) -> Markup:
    """Return what stands in a cell of a table."""
    if isinstance(cell, str | Ref):
        return _part(cell)
    if isinstance(cell, tuple):
        return rich_html(cell)
    if isinstance(cell, Badge):
        return badge_html(cell)
    if isinstance(cell, Bar):
        return _bar(cell)
    return escape(cell.text(language))


def badge_html(badge: Badge) -> Markup:
    """Return a badge; one without a colour is plain text."""
    if not badge.key:
        return escape(badge.text)
    return Markup('<span class="badge {}">{}</span>').format(badge.key, badge.text)


def _part(part: str | Ref | Strong) -> Markup:
    if isinstance(part, str):
        return escape(tidy(part))
    if isinstance(part, Strong):
        return Markup("<strong>{}</strong>").format(part.text)
    rel = "" if part.href.startswith("#") else Markup(' rel="noopener noreferrer"')
    return Markup('<a href="{}"{}>{}</a>').format(part.href, rel, part.text)


def _bar(bar: Bar) -> Markup:
    """Return a small bar, to the right for positive values; its number stands in the next cell."""
    size = round(60 * abs(bar.value) / bar.scale, 1) if bar.scale else 0
    start, way = (62, "up") if bar.value > 0 else (62 - size, "down")
    return Markup(
        '<svg class="bar" width="124" height="14" viewBox="0 0 124 14" aria-hidden="true">'
        '<path d="M62 0v14" class="axis"/>'
        '<rect x="{:g}" y="2" width="{:g}" height="10" class="{}"/></svg>'
    ).format(start, size, way)


def tidy(text: str) -> str:
    """Return `text` with spaces that do not break before per cent and around equals signs."""
    return _GLUE.sub("\u00a0", text)


def _style() -> str:
    """Return the style sheet with its fonts, without line breaks that only cost bytes."""
    style = _file("report.css")
    for name, font in (("REGULAR", "NotoSans-Regular"), ("SEMIBOLD", "NotoSans-SemiBold")):
        data = files("mfa").joinpath("data", "fonts", f"{font}.woff2").read_bytes()
        style = style.replace(name, base64.b64encode(data).decode("ascii"), 1)
    return style


def _file(name: str) -> str:
    return files("mfa.report").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        code = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        return f"'sha256-{code}'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _version() -> str:
    import mfa

    return mfa.__version__
