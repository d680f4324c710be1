"""Multifrontal Cholesky, solves and selected inverse over the supernodes of `symbolic`, by numba.

Each supernode has a dense front of its own columns and the rows below them. Its panel (columns ×
all rows) is part of L and lies in ``panels``; what it hands on to its parent, the update matrix
(rows × rows, lower triangle), lies in ``stack`` until the parent has taken it. All blocks are stored
column after column. Import this module only where numba is wanted.

Sources of the methods: multifrontal factorisation, Duff & Reid (1983), ACM TOMS 9, 302–325, and
Liu (1992), SIAM Review 34, 82–109; selected inverse, Takahashi, Fagan & Chin (1973), 8th PICA
Conference, and Erisman & Tinney (1975), CACM 18, 177–179.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows and columns of the blocks worked on together, so that they stay in the fast caches.
ROWS, COLUMNS = 128, 32
# Fused multiply-add changes roundings, never the order of a sum: same input, same bytes.
FAST = {"contract", "nsz"}


@njit(cache=True, fastmath=FAST)
def _four_columns(C, c, ldc, A, a, lda, B, b, step, stride, m, depth):
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


@njit(cache=True, fastmath=FAST)
def _one_column(C, c, A, a, lda, B, b, step, m, depth):
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


@njit(cache=True)
def _multiply(C, c, ldc, A, a, lda, B, b, step, stride, height, width, depth, lower):
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
            m = bottom - low
            if j + 4 <= width:
                _four_columns(
                    C,
                    c + j * ldc + low,
                    ldc,
                    A,
                    a + low,
                    lda,
                    B,
                    b + j * stride,
                    step,
                    stride,
                    m,
                    depth,
                )
                j += 4
            else:
                _one_column(
                    C, c + j * ldc + low, A, a + low, lda, B, b + j * stride, step, m, depth
                )
                j += 1


@njit(cache=True, fastmath=FAST)
def _factor_panel(panels, at, width, height, original, tolerance, pivots):
    """Factor a panel in place; return the most negative pivot relative to its original diagonal.

    ``pivots`` gets 1/l_jj, and 0 where the pivot vanished: that row drops out of all that follows.
    """
    worst = 0.0
    for left in range(0, width, COLUMNS):
        right = min(left + COLUMNS, width)
        row = at + left
        corner = row + left * height
        _multiply(
            panels, corner, height, panels, row, height, panels, row, height, 1,
            height - left, right - left, left, True,
        )  # fmt: skip
        for j in range(left, right):
            column = panels[at + j * height + j : at + (j + 1) * height]
            _one_column(
                panels, at + j * height + j, panels, row + left * height + j - left, height,
                panels, row + left * height + j - left, height, height - j, j - left,
            )  # fmt: skip
            pivot = column[0]
            if pivot <= tolerance * original[j]:
                if original[j] > 0:
                    worst = min(worst, pivot / original[j])
                elif pivot < 0:
                    worst = -np.inf
                pivots[j] = 0.0
                column[:] = 0.0
            else:
                scale = 1.0 / np.sqrt(pivot)
                pivots[j] = scale
                for i in range(len(column)):
                    column[i] *= scale
    return worst


@njit(cache=True)
def _take_update(panels, at, width, height, stack, into, below, taken, rows, within):
    """Add the update matrix of a child at ``taken`` to the front of its parent."""
    for j in range(rows):
        column = within[j]
        if column < width:
            goal, base = panels, at + column * height
        else:
            goal, base = stack, into + (column - width) * below - width
        for i in range(j, rows):
            goal[base + within[i]] += stack[taken + j * rows + i]


@njit(cache=True)
def factor_fronts(
    first, row_at, panel_at, child, sibling, within, stack_at, stack, panels, original, tolerance
):
    """Factor all fronts: ``panels`` holds the entries of N and then L.

    Returns 1/l_jj for each row (0 where the pivot is at most `tolerance` × its `original` diagonal
    and the row was dropped) and the most negative pivot relative to its diagonal.
    """
    pivots = np.empty(len(original))
    worst = 0.0
    for s in range(len(first) - 1):
        begin, width = first[s], first[s + 1] - first[s]
        below = row_at[s + 1] - row_at[s]
        height, at, into = width + below, panel_at[s], stack_at[s]
        stack[into : into + below * below] = 0.0
        node = child[s]
        while node >= 0:
            rows = within[row_at[node] : row_at[node + 1]]
            _take_update(
                panels, at, width, height, stack, into, below, stack_at[node], len(rows), rows
            )
            node = sibling[node]
        own = slice(begin, begin + width)
        low = _factor_panel(panels, at, width, height, original[own], tolerance, pivots[own])
        worst = min(worst, low)
        _multiply(
            stack, into, below, panels, at + width, height, panels, at + width, height, 1,
            below, below, width, True,
        )  # fmt: skip
    return pivots, worst


@njit(cache=True)
def solve_vector(first, row_at, panel_at, rows, panels, pivots, x):
    """Solve L Lᵀ x = b in place of b."""
    count = len(first) - 1
    for s in range(count):
        width = first[s + 1] - first[s]
        own, below = x[first[s] : first[s + 1]], rows[row_at[s] : row_at[s + 1]]
        height = width + len(below)
        for j in range(width):
            column = panels[panel_at[s] + j * height : panel_at[s] + (j + 1) * height]
            value = own[j] * pivots[first[s] + j]
            own[j] = value
            for i in range(j + 1, width):
                own[i] -= column[i] * value
            for i in range(len(below)):
                x[below[i]] -= column[width + i] * value
    for s in range(count - 1, -1, -1):
        width = first[s + 1] - first[s]
        own, below = x[first[s] : first[s + 1]], rows[row_at[s] : row_at[s + 1]]
        height = width + len(below)
        for j in range(width - 1, -1, -1):
            column = panels[panel_at[s] + j * height : panel_at[s] + (j + 1) * height]
            value = own[j]
            for i in range(j + 1, width):
                value -= column[i] * own[i]
            for i in range(len(below)):
                value -= column[width + i] * x[below[i]]
            own[j] = value * pivots[first[s] + j]


@njit(cache=True, fastmath=FAST)
def solve_block(first, row_at, panel_at, rows, panels, pivots, X):
    """Solve L Lᵀ X = B in place of B, whose right-hand sides lie side by side."""
    count, sides = len(first) - 1, X.shape[1]
    for s in range(count):
        begin, width = first[s], first[s + 1] - first[s]
        below = rows[row_at[s] : row_at[s + 1]]
        height = width + len(below)
        for j in range(width):
            at = panel_at[s] + j * height
            X[begin + j] *= pivots[begin + j]
            source = X[begin + j]
            for i in range(j + 1, height):
                goal = X[begin + i] if i < width else X[below[i - width]]
                value = panels[at + i]
                for k in range(sides):
                    goal[k] -= value * source[k]
    for s in range(count - 1, -1, -1):
        begin, width = first[s], first[s + 1] - first[s]
        below = rows[row_at[s] : row_at[s + 1]]
        height = width + len(below)
        for j in range(width - 1, -1, -1):
            at = panel_at[s] + j * height
            goal = X[begin + j]
            for i in range(j + 1, height):
                source = X[begin + i] if i < width else X[below[i - width]]
                value = panels[at + i]
                for k in range(sides):
                    goal[k] -= value * source[k]
            goal *= pivots[begin + j]


@njit(cache=True, fastmath=FAST | {"reassoc"})
def _invert_columns(front, height, left, right, panels, at, pivots, ratio, corner):
    """Extend the inverse in the lower right of ``front`` by the columns left:right of L.

    With L₁₁ and L₂₁ the blocks of these columns and Z₂₂ the known inverse:
    Y = L₂₁ L₁₁⁻¹, Z₂₁ = −Z₂₂ Y and Z₁₁ = L₁₁⁻ᵀ L₁₁⁻¹ − Yᵀ Z₂₁.
    """
    width, below = right - left, height - right
    for j in range(width - 1, -1, -1):
        column = at + (left + j) * height
        y = ratio[j * below : (j + 1) * below]
        for i in range(below):
            y[i] = panels[column + right + i]
        _one_column(
            ratio, j * below, ratio, (j + 1) * below, below, panels, column + left + j + 1, 1,
            below, width - j - 1,
        )  # fmt: skip
        y *= pivots[left + j]
    for j in range(width):
        # Column j of L₁₁⁻¹.
        corner[j, j] = pivots[left + j]
        for i in range(j + 1, width):
            value = 0.0
            for k in range(j, i):
                value -= panels[at + (left + k) * height + left + i] * corner[k, j]
            corner[i, j] = value * pivots[left + i]
    for j in range(left, right):
        front[j * height + right : (j + 1) * height] = 0.0
    _multiply(
        front, left * height + right, height, front, right * height + right, height, ratio, 0, 1,
        below, below, width, below, False,
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


@njit(cache=True)
def invert_fronts(
    first, row_at, panel_at, child, sibling, within, stack_at, stack, panels, pivots, largest
):
    """Return the entries of N⁻¹ in the places of L, from the last front to the first.

    A front takes the inverse of its rows below from its parent, which is done before it, and hands
    on to each child what that child needs.
    """
    inverse = np.empty(len(panels))
    front = np.empty(largest * largest)
    ratio = np.empty(largest * COLUMNS)
    corner = np.empty((COLUMNS, COLUMNS))
    for s in range(len(first) - 2, -1, -1):
        begin, width = first[s], first[s + 1] - first[s]
        below = row_at[s + 1] - row_at[s]
        height, at, taken = width + below, panel_at[s], stack_at[s]
        for j in range(below):
            for i in range(j, below):
                value = stack[taken + j * below + i]
                front[(width + j) * height + width + i] = value
                front[(width + i) * height + width + j] = value
        right = width
        while right > 0:
            left = max(0, right - COLUMNS)
            own = pivots[begin : begin + width]
            _invert_columns(front, height, left, right, panels, at, own, ratio, corner)
            right = left
        inverse[at : at + width * height] = front[: width * height]
        node = child[s]
        while node >= 0:
            rows = within[row_at[node] : row_at[node + 1]]
            goal, count = stack_at[node], len(rows)
            for j in range(count):
                source = rows[j] * height
                for i in range(j, count):
                    stack[goal + j * count + i] = front[source + rows[i]]
            node = sibling[node]
    return inverse
