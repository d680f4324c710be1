"""Sparse symmetric factorisation for the balances: solve, entries of the inverse, their products.

N = A H Aᵀ, the normal equations of the balances, is sparse, symmetric and positive semidefinite;
redundant balances make it singular. Two back ends give the same results to rounding:

``"splu"``
    SuperLU by way of scipy, with an order and an inverse in numpy: always there.
``"numba"``
    An own multifrontal Cholesky (extra ``[scale]``), many times faster at scale.

Unless told otherwise, `factorise` takes numba from 5,000 rows on, where it pays to load it.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import scipy.sparse as sp

from mfa.balance.factor import Factor
from mfa.balance.symbolic import Symbolic, mirrored, symbolic_of

__all__ = ["Factor", "Symbolic", "compiled", "diagonal_of", "factorise", "factorise_canonical"]

LARGE = 5_000
BACKENDS = ("splu", "numba")


def factorise(
    N: sp.sparray | sp.spmatrix,
    symbolic: Symbolic | None = None,
    *,
    backend: str | None = None,
    tolerance: float = 1e-12,
) -> Factor:
    """Factorise a sparse symmetric positive semidefinite matrix.

    Parameters
    ----------
    N
        The matrix, n × n, both triangles stored (which of them is read does not matter).
    symbolic
        ``factor.symbolic`` of a matrix with the same pattern (explicit zeros count): order and
        structure are taken from there, only the numbers are computed.
    backend
        ``"splu"`` or ``"numba"``; by default that of `symbolic`, else by size.
    tolerance
        A pivot of at most `tolerance` × its diagonal counts as vanished: its row is dropped.

    Returns
    -------
    Factor
        With ``solve(B)``, ``selected_inverse()``, ``dropped`` and ``symbolic``.

    Raises
    ------
    ValueError
        N is not square, not symmetric in its pattern, not finite, or does not fit `symbolic`.
    numpy.linalg.LinAlgError
        N is not positive semidefinite.

    Examples
    --------
    >>> N = sp.csc_array([[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]])
    >>> factor = factorise(N)
    >>> len(factor.dropped)
    1
    >>> bool(np.allclose(N @ factor.solve(np.array([1.0, 1.0, -2.0])), [1.0, 1.0, -2.0]))
    True
    """
    matrix = _canonical(N)
    if symbolic is None:
        backend = backend or _backend(matrix.shape[0])
        if backend not in BACKENDS:
            raise ValueError(f"No back end {backend!r}; there are {', '.join(BACKENDS)}.")
        mirrored(matrix)
        symbolic = symbolic_of(matrix, backend)
    elif backend not in (None, symbolic.backend):
        raise ValueError(f"The symbolic factor is of back end {symbolic.backend!r}.")
    elif not symbolic.fits(matrix):
        raise ValueError("The matrix has another pattern than the symbolic factor.")
    return factorise_canonical(matrix, symbolic, tolerance=tolerance)


def factorise_canonical(
    matrix: sp.csc_array, symbolic: Symbolic | None = None, *, tolerance: float = 1e-12
) -> Factor:
    """Factorise as `factorise` does, taking for granted what that checks.

    Parameters
    ----------
    matrix
        Symmetric in pattern and values, finite, float64, rows ascending with 32-bit indices, on
        the pattern of `symbolic`.
    """
    if symbolic is None:
        symbolic = symbolic_of(matrix, _backend(matrix.shape[0]))
    if symbolic.backend == "numba":
        from mfa.balance.kernel_fronts import FrontFactor

        return FrontFactor(matrix, symbolic, tolerance)
    from mfa.balance.kernel_splu import SpluFactor

    return SpluFactor(matrix, symbolic, tolerance)


def diagonal_of(A: sp.sparray | sp.spmatrix, factor: Factor) -> np.ndarray:
    """Return diag(Aᵀ N⁻¹ A): for each column a of A the value aᵀ N⁻¹ a.

    Parameters
    ----------
    A
        Sparse matrix, m × n; rows that share a column must be neighbours in N, as is so for
        N = A H Aᵀ.
    factor
        Factor of N, m × m.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Raises
    ------
    ValueError
        A has another number of rows than N, or the pattern of A Aᵀ goes beyond that of N.

    Examples
    --------
    >>> A = sp.csc_array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
    >>> diagonal_of(A, factorise(A @ A.T)).round(12).tolist()
    [0.666666666667, 0.666666666667, 0.666666666667]
    """
    A = sp.csc_array(A)
    A.sum_duplicates()
    if A.shape[0] != factor.n:
        raise ValueError(f"A has {A.shape[0]} rows, N has {factor.n}.")
    Z = factor.selected_inverse()
    return _paired_sums(A, Z)


def _paired_sums(A: sp.csc_array, Z: sp.csc_array) -> np.ndarray:
    """Return aᵀ Z a for each column a, pairing entries at growing distance within the columns."""
    numbers = sp.csc_array((np.arange(1, Z.nnz + 1), Z.indices, Z.indptr), shape=Z.shape)
    column = np.repeat(np.arange(A.shape[1]), np.diff(A.indptr))
    last = A.indptr[1:][column]
    total = np.zeros(A.shape[1])
    one = np.arange(A.nnz)
    distance = 0
    while len(one):
        other = one + distance
        at = numbers[A.indices[one], A.indices[other]]
        if not at.all():
            raise ValueError("The pattern of A Aᵀ goes beyond that of N.")
        share = A.data[one] * A.data[other] * Z.data[at - 1]
        total += np.bincount(column[one], share if distance == 0 else 2 * share, len(total))
        distance += 1
        one = one[one + distance < last[one]]
    return total


def _canonical(N: sp.sparray | sp.spmatrix) -> sp.csc_array:
    """Return N as CSC with ascending rows, 32-bit indices and finite float64 values."""
    if N.ndim != 2 or N.shape[0] != N.shape[1]:
        raise ValueError(f"The matrix must be square; its shape is {N.shape}.")
    # Of a symmetric matrix the rows serve as the columns.
    matrix = sp.csc_array(N.T if N.format == "csr" else N)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    values = matrix.data.astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        raise ValueError("The matrix has entries that are not finite.")
    indices = matrix.indices.astype(np.int32, copy=False)
    indptr = matrix.indptr.astype(np.int32, copy=False)
    return sp.csc_array((values, indices, indptr), shape=matrix.shape)


def compiled(n: int) -> bool:
    """Return whether a matrix with n rows is factorised by the compiled back end."""
    return n >= LARGE and find_spec("numba") is not None


def _backend(n: int) -> str:
    return "numba" if compiled(n) else "splu"
