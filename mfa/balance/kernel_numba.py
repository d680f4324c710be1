"""Multifrontal Cholesky factor and selected inverse over the supernodes of `symbolic`, by numba.

Each supernode has a dense front of its own columns and the rows below them. Its panel (columns ×
all rows) is part of L and lies in ``panels``; what it hands on to its parent, the update matrix
(rows × rows, lower triangle), lies in ``stack`` until the parent has taken it. All blocks are
stored column after column. Import this module only where numba is wanted.

Sources of the methods: multifrontal factorisation, Duff & Reid (1983), ACM TOMS 9, 302–325, and
Liu (1992), SIAM Review 34, 82–109; selected inverse, Takahashi, Fagan & Chin (1973), 8th PICA
Conference, and Erisman & Tinney (1975), CACM 18, 177–179.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray
# first, row_at, panel_at, child, sibling, within, stack_at, entry_at, entry, slot of `Supernodes`.
Shape = Any

# Rows and columns of the blocks worked on together, so that they stay in the fast caches.
ROWS, COLUMNS = 128, 32
# Fused multiply-add changes roundings, never the order of a sum: same input, same bytes.
FAST = {"contract", "nsz"}
# Only what Python calls needs a way in from there: the others compile in less time without.
INNER = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
OUTER = {"cache": True, "no_cfunc_wrapper": True}


@njit(**INNER)
def scale(x: Array, begin: int, end: int, factor: float) -> None:
    """Multiply a part of x."""
    part = x[begin:end]
    for i in range(len(part)):
        part[i] *= factor


@njit(**INNER)
def clear(x: Array, begin: int, end: int) -> None:
    """Set a part of x to 0."""
    part = x[begin:end]
    for i in range(len(part)):
        part[i] = 0.0


@njit(fastmath=FAST, **INNER)
def four_columns(
    C: Array, c: int, ldc: int, A: Array, a: int, lda: int, B: Array, b: int, step: int,
    stride: int, m: int, depth: int,
) -> None:  # fmt: skip
    """C −= A·B for four columns of m rows; B[k, j] stands at ``b + k step + j stride``."""
    u, v = C[c : c + m], C[c + ldc : c + ldc + m]
    w, z = C[c + 2 * ldc : c + 2 * ldc + m], C[c + 3 * ldc : c + 3 * ldc + m]
    p = a
    for _ in range(depth // 4):
        b0, b1, b2, b3 = B[b], B[b + step], B[b + 2 * step], B[b + 3 * step]
        q = b + stride
        d0, d1, d2, d3 = B[q], B[q + step], B[q + 2 * step], B[q + 3 * step]
        q += stride
        e0, e1, e2, e3 = B[q], B[q + step], B[q + 2 * step], B[q + 3 * step]
        q += stride
        f0, f1, f2, f3 = B[q], B[q + step], B[q + 2 * step], B[q + 3 * step]
        x0, x1 = A[p : p + m], A[p + lda : p + lda + m]
        x2, x3 = A[p + 2 * lda : p + 2 * lda + m], A[p + 3 * lda : p + 3 * lda + m]
        for i in range(m):
            y0, y1, y2, y3 = x0[i], x1[i], x2[i], x3[i]
            u[i] -= y0 * b0 + y1 * b1 + y2 * b2 + y3 * b3
            v[i] -= y0 * d0 + y1 * d1 + y2 * d2 + y3 * d3
            w[i] -= y0 * e0 + y1 * e1 + y2 * e2 + y3 * e3
            z[i] -= y0 * f0 + y1 * f1 + y2 * f2 + y3 * f3
        p += 4 * lda
        b += 4 * step
    for _ in range(depth % 4):
        b0, d0, e0, f0 = B[b], B[b + stride], B[b + 2 * stride], B[b + 3 * stride]
        x0 = A[p : p + m]
        for i in range(m):
            y0 = x0[i]
            u[i] -= y0 * b0
            v[i] -= y0 * d0
            w[i] -= y0 * e0
            z[i] -= y0 * f0
        p += lda
        b += step


@njit(fastmath=FAST, **INNER)
def one_column(
    C: Array, c: int, A: Array, a: int, lda: int, B: Array, b: int, step: int, m: int, depth: int
) -> None:
    """C −= A·b for one column of m rows; b[k] stands at ``b + k step``."""
    u = C[c : c + m]
    p = a
    for _ in range(depth // 4):
        b0, b1, b2, b3 = B[b], B[b + step], B[b + 2 * step], B[b + 3 * step]
        x0, x1 = A[p : p + m], A[p + lda : p + lda + m]
        x2, x3 = A[p + 2 * lda : p + 2 * lda + m], A[p + 3 * lda : p + 3 * lda + m]
        for i in range(m):
            u[i] -= x0[i] * b0 + x1[i] * b1 + x2[i] * b2 + x3[i] * b3
        p += 4 * lda
        b += 4 * step
    for _ in range(depth % 4):
        b0 = B[b]
        x0 = A[p : p + m]
        for i in range(m):
            u[i] -= x0[i] * b0
        p += lda
        b += step


@njit(**INNER)
def _multiply(
    C: Array, c: int, ldc: int, A: Array, a: int, lda: int, B: Array, b: int, step: int,
    stride: int, height: int, width: int, depth: int, lower: bool,
) -> None:  # fmt: skip
    """C −= A·B; C is height × width, A height × depth, B[k, j] at ``b + k step + j stride``.

    With `lower` only the entries of C on and below the diagonal are wanted; those above become
    meaningless.
    """
    for top in range(0, height, ROWS):
        bottom = min(top + ROWS, height)
        end = min(width, bottom) if lower else width
        j = 0
        while j < end:
            low = max(j, top) if lower else top
            m, at, q = bottom - low, c + j * ldc + low, b + j * stride
            if j + 4 <= width:
                four_columns(C, at, ldc, A, a + low, lda, B, q, step, stride, m, depth)
                j += 4
            else:
                one_column(C, at, A, a + low, lda, B, q, step, m, depth)
                j += 1


@njit(fastmath=FAST, **INNER)
def _factor_panel(
    panels: Array,
    at: int,
    width: int,
    height: int,
    original: Array,
    tolerance: float,
    pivots: Array,
) -> float:
    """Factor a panel in place; return the most negative pivot relative to its original diagonal.

    ``pivots`` gets 1/l_jj, and 0 where the pivot vanished: that row drops out of all that follows.
    """
    worst = 0.0
    for left in range(0, width, COLUMNS):
        right = min(left + COLUMNS, width)
        row = at + left
        _multiply(
            panels, row + left * height, height, panels, row, height, panels, row, height, 1,
            height - left, right - left, left, True,
        )  # fmt: skip
        for j in range(left, right):
            here, source = at + j * height + j, at + left * height + j
            m = height - j
            one_column(panels, here, panels, source, height, panels, source, height, m, j - left)
            pivot = panels[here]
            if pivot > tolerance * original[j]:
                pivots[j] = 1.0 / np.sqrt(pivot)
                scale(panels, here, here + m, pivots[j])
            else:
                if pivot < 0.0:
                    worst = min(worst, pivot / original[j] if original[j] > 0.0 else -np.inf)
                pivots[j] = 0.0
                clear(panels, here, here + m)
    return worst


@njit(**INNER)
def _take_update(
    panels: Array, at: int, width: int, height: int, stack: Array, into: int, taken: int,
    within: Array,
) -> None:  # fmt: skip
    """Add the update matrix of a child, at ``taken``, to the front of its parent."""
    count, below = len(within), height - width
    for j in range(count):
        column = within[j]
        if column < width:
            goal, base = panels, at + column * height
        else:
            goal, base = stack, into + (column - width) * below - width
        for i in range(j, count):
            goal[base + within[i]] += stack[taken + j * count + i]


@njit(**OUTER)
def factor_fronts(
    shape: Shape, data: Array, original: Array, tolerance: float, panels: Array, stack: Array
) -> tuple[Array, float]:
    """Factor N, whose stored entries are ``data``: ``panels`` becomes L.

    Returns 1/l_jj of each row (0 where the pivot was at most `tolerance` × its `original` diagonal
    and the row was dropped) and the most negative pivot relative to its diagonal.
    """
    first, row_at, panel_at, child, sibling, within, stack_at, entry_at, entry, slot = shape
    pivots = np.empty(len(original))
    worst = 0.0
    for s in range(len(first) - 1):
        begin, width = first[s], first[s + 1] - first[s]
        below = row_at[s + 1] - row_at[s]
        height, at, into = width + below, panel_at[s], stack_at[s]
        clear(panels, at, at + width * height)
        clear(stack, into, into + below * below)
        for k in range(entry_at[s], entry_at[s + 1]):
            panels[slot[k]] = data[entry[k]]
        node = child[s]
        while node >= 0:
            rows = within[row_at[node] : row_at[node + 1]]
            _take_update(panels, at, width, height, stack, into, stack_at[node], rows)
            node = sibling[node]
        diagonal, own = original[begin : begin + width], pivots[begin : begin + width]
        worst = min(worst, _factor_panel(panels, at, width, height, diagonal, tolerance, own))
        source = at + width
        _multiply(
            stack, into, below, panels, source, height, panels, source, height, 1,
            below, below, width, True,
        )  # fmt: skip
    return pivots, worst


@njit(fastmath=FAST | {"reassoc"}, **INNER)
def _invert_columns(
    front: Array, height: int, left: int, right: int, panels: Array, at: int, pivots: Array,
    ratio: Array, corner: Array,
) -> None:  # fmt: skip
    """Extend the inverse in the lower right of ``front`` by the columns left:right of L.

    With L₁₁ and L₂₁ the blocks of these columns and Z₂₂ the inverse known so far:
    Y = L₂₁ L₁₁⁻¹ (in ``ratio``), Z₂₁ = −Z₂₂ Y and Z₁₁ = L₁₁⁻ᵀ L₁₁⁻¹ − Yᵀ Z₂₁.
    """
    width, below = right - left, height - right
    for j in range(width - 1, -1, -1):
        column = at + (left + j) * height
        y = ratio[j * below : (j + 1) * below]
        for i in range(below):
            y[i] = panels[column + right + i]
        one_column(
            ratio, j * below, ratio, (j + 1) * below, below, panels, column + left + j + 1, 1,
            below, width - j - 1,
        )  # fmt: skip
        scale(ratio, j * below, (j + 1) * below, pivots[left + j])
    for j in range(width):  # column j of L₁₁⁻¹
        corner[j, j] = pivots[left + j]
        for i in range(j + 1, width):
            value = 0.0
            for k in range(j, i):
                value -= panels[at + (left + k) * height + left + i] * corner[k, j]
            corner[i, j] = value * pivots[left + i]
    for j in range(left, right):
        clear(front, j * height + right, (j + 1) * height)
    known = right * height + right
    _multiply(
        front, left * height + right, height, front, known, height, ratio, 0, 1, below,
        below, width, below, False,
    )  # fmt: skip
    for j in range(width):
        z = front[(left + j) * height + right : (left + j + 1) * height]
        for i in range(j, width):
            y = ratio[i * below : (i + 1) * below]
            value = 0.0
            for k in range(below):
                value -= y[k] * z[k]
            for k in range(i, width):
                value += corner[k, i] * corner[k, j]
            front[(left + j) * height + left + i] = value
            front[(left + i) * height + left + j] = value
        for i in range(below):
            front[(right + i) * height + left + j] = z[i]


@njit(**OUTER)
def invert_fronts(
    shape: Shape, twin: Array, panels: Array, pivots: Array, stack: Array, largest: int, out: Array
) -> None:
    """Write the entries of N⁻¹ in the places of the stored entries of N to ``out``.

    From the last front to the first: a front takes the inverse of its rows below from its parent,
    done before it, and hands on to each child what that child needs.
    """
    first, row_at, panel_at, child, sibling, within, stack_at, entry_at, entry, slot = shape
    front = np.empty(largest * largest)
    ratio, corner = np.empty(largest * COLUMNS), np.empty((COLUMNS, COLUMNS))
    for s in range(len(first) - 2, -1, -1):
        begin, width = first[s], first[s + 1] - first[s]
        below = row_at[s + 1] - row_at[s]
        height, at, taken = width + below, panel_at[s], stack_at[s]
        for j in range(below):
            for i in range(j, below):
                value = stack[taken + j * below + i]
                front[(width + j) * height + width + i] = value
                front[(width + i) * height + width + j] = value
        own = pivots[begin : begin + width]
        for right in range(width, 0, -COLUMNS):
            left = max(0, right - COLUMNS)
            _invert_columns(front, height, left, right, panels, at, own, ratio, corner)
        for k in range(entry_at[s], entry_at[s + 1]):
            out[entry[k]] = out[twin[k]] = front[slot[k] - at]
        node = child[s]
        while node >= 0:
            rows = within[row_at[node] : row_at[node + 1]]
            count, goal = len(rows), stack_at[node]
            for j in range(count):
                for i in range(j, count):
                    stack[goal + j * count + i] = front[rows[j] * height + rows[i]]
            node = sibling[node]
