"""Which column each node stands in: along the main direction of the flows, loops going back."""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int, float]
_MOST = 9  # columns of processes, however much more would save
_WORTH = 0.8  # what further columns must bring the weight of loops down to


def flow_order(count: int, edges: Sequence[Edge]) -> list[int]:
    """Return the nodes in an order that leaves little weight going backwards.

    The greedy heuristic of Eades, Lin and Smyth (1993), weighted: take sinks to the end, sources
    to the front, else the node that gives most more than it takes. Ties go to the lower number.

    Parameters
    ----------
    count
        Number of nodes; they are called 0, 1, …
    edges
        (source, target, weight); self-loops are ignored.

    Examples
    --------
    >>> flow_order(3, [(2, 0, 9.0), (0, 1, 9.0), (1, 2, 1.0)])
    [2, 0, 1]
    """
    gives: list[dict[int, float]] = [{} for _ in range(count)]
    takes: list[dict[int, float]] = [{} for _ in range(count)]
    for source, target, weight in edges:
        if source != target:
            gives[source][target] = gives[source].get(target, 0.0) + weight
            takes[target][source] = takes[target].get(source, 0.0) + weight
    left, head, tail = dict.fromkeys(range(count)), [], []
    while left:
        node = next((v for v in left if not gives[v]), None)
        if node is not None:
            tail.append(node)
        else:
            node = next((v for v in left if not takes[v]), None)
            if node is None:
                surplus = {v: sum(gives[v].values()) - sum(takes[v].values()) for v in left}
                node = max(left, key=lambda v, s=surplus: (s[v], -v))
            head.append(node)
        del left[node]
        for other in gives[node]:
            del takes[other][node]
        for other in takes[node]:
            del gives[other][node]
    return head + tail[::-1]


def assign_columns(
    count: int,
    edges: Sequence[Edge],
    given: Sequence[int | None],
    sides: Sequence[str],
) -> list[int]:
    """Return the column of every node, from 0 without gaps.

    Processes without a given column start on the longest path from the left along the edges that
    go forward in `flow_order` (the heaviest first, as long as the page has columns for the path),
    and then move wherever that makes less weight go back, stay within a column, or run far.
    Ends stand outside: ``"in"`` left, ``"out"`` right of all.

    Parameters
    ----------
    count, edges
        As in `flow_order`.
    given
        Column a view wants, or None.
    sides
        ``"in"``, ``"out"`` or ``""`` for every node.

    Examples
    --------
    >>> assign_columns(3, [(0, 1, 5.0), (1, 2, 5.0), (2, 1, 1.0)], [None] * 3, ["in", "", ""])
    [0, 1, 2]
    """
    rank = {node: i for i, node in enumerate(flow_order(count, edges))}
    inside = sorted((v for v in range(count) if not sides[v]), key=rank.__getitem__)
    free = [v for v in inside if given[v] is None]
    column = {v: given[v] or 0 for v in inside}
    if free:
        column = _best(inside, free, edges, rank, given, sides)
    _place_ends(count, edges, given, sides, column)
    used = {c: i for i, c in enumerate(sorted(set(column.values())))}
    return [used[column[v]] for v in range(count)]


def _best(
    inside: Sequence[int],
    free: Sequence[int],
    edges: Sequence[Edge],
    rank: dict[int, int],
    given: Sequence[int | None],
    sides: Sequence[str],
) -> dict[int, int]:
    """Return the columns with the fewest that keep the weight of loops low.

    A page has an ordinary number of columns; more are taken while each saves a good part of the
    weight that would run back or within a column.
    """
    least = max([_limit(len(inside)), *(c + 1 for c in given if c is not None)])
    found: tuple[float, dict[int, int]] | None = None
    for limit in range(least, max(least, min(len(inside), _MOST)) + 1):
        column = {v: given[v] or 0 for v in inside}
        _longest_path(inside, edges, rank, given, limit, column)
        _settle(free, edges, sides, column, limit)
        loops = _loops(edges, column)
        if found is None or loops < _WORTH * found[0]:
            found = loops, column
    return found[1] if found else {}


def _loops(edges: Sequence[Edge], column: dict[int, int]) -> float:
    """Return the weight of links that do not run to the right."""
    return sum(
        weight
        for source, target, weight in edges
        if source != target
        and source in column
        and target in column
        and column[source] >= column[target]
    )


def _limit(processes: int) -> int:
    """Return how many columns a page ordinarily has for processes: labels stay readable."""
    return max(4, min(8, round(1.6 * processes**0.5)))


def _longest_path(
    inside: Sequence[int],
    edges: Sequence[Edge],
    rank: dict[int, int],
    given: Sequence[int | None],
    limit: int,
    column: dict[int, int],
) -> None:
    """Push targets right of their sources, heaviest edge first; skip what would pass the limit."""
    after: dict[int, list[int]] = {v: [] for v in inside}
    for source, target, _ in sorted(edges, key=lambda e: (-e[2], e[0], e[1])):
        if source not in after or target not in after or rank[source] >= rank[target]:
            continue
        trial, queue = {}, [(target, column[source] + 1)]
        while queue:
            node, least = queue.pop()
            if given[node] is None and trial.get(node, column[node]) < least:
                trial[node] = least
                queue += [(other, least + 1) for other in after[node]]
        if max(trial.values(), default=0) < limit:
            column.update(trial)
            after[source].append(target)


def _settle(
    free: Sequence[int],
    edges: Sequence[Edge],
    sides: Sequence[str],
    column: dict[int, int],
    limit: int,
) -> None:
    """Move one node at a time to its cheapest column until none wants to move."""
    ends = {v: -1 if side == "in" else limit for v, side in enumerate(sides) if side}
    light = 0.3 * sum(w for _, _, w in edges) / max(len(edges), 1)
    near: dict[int, list[tuple[int, bool, float]]] = {v: [] for v in free}
    for source, target, weight in edges:
        if source != target:
            for node, other, gives in ((source, target, True), (target, source, False)):
                if node in near:
                    near[node].append((other, gives, weight + light))
    for _ in range(20):
        moved = False
        for node in free:
            here = column[node]
            costs = [_cost(c, near[node], column, ends) for c in range(limit)]
            best = min(range(limit), key=lambda c: (costs[c], c != here, c))
            moved |= best != here
            column[node] = best
        if not moved:
            return


def _cost(
    place: int,
    near: Sequence[tuple[int, bool, float]],
    column: dict[int, int],
    ends: dict[int, int],
) -> float:
    """Return what a node's links cost when it stands in `place`: forward and short is cheap."""
    total = 0.0
    for other, gives, weight in near:
        there = ends[other] if other in ends else column[other]
        span = there - place if gives else place - there
        total += weight * (0.1 * (span - 1) if span > 0 else 3.0 if span == 0 else 2.0 - 0.2 * span)
    return total


def _place_ends(
    count: int,
    edges: Sequence[Edge],
    given: Sequence[int | None],
    sides: Sequence[str],
    column: dict[int, int],
) -> None:
    """Put ends left or right of all they are tied to, in one column a side."""
    first = min(column.values(), default=0)
    last = max(column.values(), default=1)
    for source, target, _ in edges:
        if sides[source] == "in" and target in column:
            first = min(first, column[target] - 1)
        if sides[target] == "out" and source in column:
            last = max(last, column[source] + 1)
    for node in range(count):
        if sides[node]:
            wanted = given[node]
            automatic = first if sides[node] == "in" else last
            column[node] = automatic if wanted is None else wanted
