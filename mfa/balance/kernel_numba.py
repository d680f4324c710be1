"""Multifrontal Cholesky, solves and selected inverse over the supernodes of `symbolic`, by numba.

Each supernode s has a dense front of its own columns and the rows below them. Its panel (columns ×
all rows) is part of L and lies in ``panels``; what it hands on to its parent, the update matrix
(rows × rows, lower triangle), lies in ``stack`` until the parent has taken it. Import this module
only where numba is wanted.

Sources of the methods: multifrontal factorisation, Duff & Reid (1983), ACM TOMS 9, 302–325, and
Liu (1992), SIAM Review 34, 82–109; selected inverse, Takahashi, Fagan & Chin (1973), 8th PICA
Conference, and Erisman & Tinney (1975), CACM 18, 177–179, in the multifrontal form of Campbell &
Davis (1995), Univ. of Florida TR-95-021.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows of a block of L kept in the fast cache, and columns factored together.
ROWS, COLUMNS = 128, 32
# Contraction to fused multiply-add changes roundings, not the order of sums.
FAST = {"contract", "nsz"}


@njit(cache=True, fastmath=FAST)
def _subtract(C, c, ldc, A, a, lda, height, width, depth):
    """C −= A A₁ᵀ on and below the diagonal: height × width; A: height × depth, A₁ its top rows.

    Four columns of C take four columns of A at a time; what is left over goes one by one. Entries
    of C above the diagonal become meaningless.
    """
    for top in range(0, height, ROWS):
        bottom = min(top + ROWS, height)
        j = 0
        while j < min(width, bottom):
            low = max(j, top)
            m = bottom - low
            at = c + j * ldc + low
            if j + 4 <= width and j + 4 <= bottom:
                ...
