"""A picture as a web page of its own: drawn, and told as a table; nothing is fetched, nothing runs.

Pointing at a band or a bar shows its values, as the SVG's titles; the table below gives the same to
those who read by keyboard or ear. The content-security policy allows the one style sheet by its
hash and the shipped font, and nothing else: no script, no request.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mfa.locale import translator
from mfa.sankey.font import FALLBACK, FAMILY, font_path
from mfa.sankey.graph import SankeyGraph, SankeyLink
from mfa.sankey.layout import ruler_unit
from mfa.sankey.svg import clean
from mfa.sankey.texts import Scale, interval_text
from mfa.vocabulary import label

if TYPE_CHECKING:
    from mfa.sankey import SankeyImage

_STYLE = """
html{color:#1b1f23;background:#fff;font:15px/1.5 %(family)s}
body{margin:0 auto;padding:12px;max-width:1600px}
figure{margin:0;overflow-x:auto}
svg{display:block;width:100%%;min-width:640px;height:auto}
.mfa-link,.mfa-node rect{transition:opacity .12s}
.mfa-links:hover .mfa-link{opacity:.35}
.mfa-links .mfa-link:hover{opacity:1;fill-opacity:.9}
details{margin:12px 8px}
summary{cursor:pointer;font-weight:600;padding:4px 0}
summary:focus-visible{outline:3px solid #3e59d4;outline-offset:2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:8px 0 20px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:6px 0}
th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #d5dde1}
.n{text-align:right;white-space:nowrap}
@media print{details{display:none}body{padding:0}svg{min-width:0}}
"""


def render_page(image: SankeyImage) -> str:
    """Return the page of a picture."""
    graph = image.graph
    _ = translator(graph.language)
    style = _fonts() + _STYLE % {"family": FALLBACK}
    policy = (
        "default-src 'none'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_hash(style)}'"
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{clean(graph.language)}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{clean(graph.title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1 hidden>{clean(graph.title)}</h1>",
            f'<figure tabindex="0" aria-label="{clean(graph.title)}">{image.svg}</figure>',
            f"<details><summary>{clean(_('All flows as a table'))}</summary>",
            *_tables(image),
            "</details>",
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _fonts() -> str:
    """Return the shipped fonts as rules of the style sheet."""
    rules = []
    for weight, number in (("regular", 400), ("semibold", 600)):
        data = base64.b64encode(font_path(weight, ".woff2").read_bytes()).decode("ascii")
        rules.append(
            f"@font-face{{font-family:'{FAMILY}';font-weight:{number};"
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(rules)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _tables(image: SankeyImage) -> Iterator[str]:
    """Yield a table for every panel; in the unit of the picture."""
    scale = ruler_unit(*image.graphs)
    for graph in image.graphs:
        yield from _table(graph, scale)


def _table(graph: SankeyGraph, scale: Scale) -> Iterator[str]:
    _ = translator(graph.language)
    titles = {node.id: node.title for node in graph.nodes}
    caption = " · ".join(x for x in (graph.title, graph.subtitle, scale.unit) if x)
    heads = [_("From"), _("To"), _("What flows"), _("Value"), "± 1 σ", _("95 % interval"),
             _("Status")]  # fmt: skip
    yield f'<div class="scroll"><table><caption>{clean(caption)}</caption>'
    yield "<thead><tr>" + "".join(f'<th scope="col">{clean(head)}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    order = sorted(graph.links, key=lambda k: (not k.known, -k.least, k.id))
    for link in order:
        yield "<tr>" + "".join(_cells(link, graph, titles, scale)) + "</tr>"
    yield "</tbody></table></div>"


def _cells(
    link: SankeyLink, graph: SankeyGraph, titles: dict[str, str], scale: Scale
) -> Iterator[str]:
    category = graph.categories.get(link.category)
    what = link.title or (category.label if category else "")
    for text in (titles[link.source], titles[link.target], what):
        yield f"<td>{clean(text)}</td>"
    value = scale.estimate(link.value, link.sd) if link.known else "–"
    value, _sign, spread = value.partition(" ± ")
    for text in (value, spread, interval_text(link.lower, link.upper, scale)):
        yield f'<td class="n">{clean(text)}</td>'
    yield f"<td>{clean(label('status', link.status, graph.language))}</td>"
