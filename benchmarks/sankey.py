"""How long a Sankey takes: weaving against floWeaver's ordinary way, and our layout on top.

Run: ``python -m benchmarks.sankey``. Prints milliseconds and the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd

from mfa.sankey.gather import weave_flows
from mfa.sankey.graph import SankeyGraph
from mfa.sankey.layout import layout
from mfa.sankey.svg import render_svg
from tests.sankey.cities import hue_like, random_city


def best(action: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest time of some runs, in ms."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def flow_table(graph: SankeyGraph) -> pd.DataFrame:
    """Return the links of a graph as floWeaver's flow table."""
    rows = [(k.source, k.target, k.category, k.value) for k in graph.links if k.known]
    frame = pd.DataFrame(rows, columns=["source", "target", "category", "value"])
    return frame[frame["source"] != frame["target"]].reset_index(drop=True)


def ordinary(flows: pd.DataFrame, columns: dict[str, int]) -> None:
    """Weave with one bundle for every pair of nodes, as floWeaver's tutorials do."""
    import floweaver as fw

    names = sorted(set(flows["source"]) | set(flows["target"]))
    layers: dict[int, list[str]] = {}
    for name in names:
        layers.setdefault(columns[name], []).append(name)
    pairs = flows[["source", "target"]].drop_duplicates().itertuples(index=False)
    definition = fw.SankeyDefinition(
        {name: fw.ProcessGroup([name]) for name in names},
        [fw.Bundle(*pair) for pair in pairs],
        [layers[c] for c in sorted(layers)],
        flow_partition=fw.Partition.Simple("category", sorted(set(flows["category"]))),
    )
    fw.weave(definition, flows)


def main() -> None:
    """Print one line a city."""
    cases = {
        "40 flows": random_city(16, 40),
        "61": hue_like(),
        "144": random_city(50, 144),
        "500": random_city(120, 500),
    }
    for name, graph in cases.items():
        graph = graph.split_ends()
        flows = flow_table(graph)
        left = {box.node.id: round(box.x) for box in layout(graph).boxes}
        groups = {node.id: node.id for node in graph.nodes}
        slow = best(lambda f=flows, c=left: ordinary(f, c), 1)
        quick = best(lambda f=flows, g=groups: weave_flows(f, g))
        drawn = best(lambda g=graph: render_svg(layout(g)))
        print(
            f"{name:>9}: floWeaver's bundles {slow:6.0f} ms, our weave {quick:5.0f} ms "
            f"(ratio {slow / quick:4.0f}), layout and SVG {drawn:5.0f} ms"
        )


if __name__ == "__main__":
    main()
