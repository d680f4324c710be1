"""The sparse factorisation against dense linear algebra, in both back ends."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import scipy.sparse as sp

from mfa.balance import kernel, symbolic

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")
BACKENDS = ["splu", pytest.param("numba", marks=needs_numba)]
SEEDS = range(60)


def random_system(seed, redundant=0):
    """Return balances A with `redundant` repeated or summed rows, and N = A H Aᵀ."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 40))
    n = m + int(rng.integers(0, 40))
    A = sp.random_array(
        (m, n), density=min(1.0, 3.0 / m), rng=rng, data_sampler=rng.standard_normal
    )
    # A flow of its own makes every row independent.
    A = sp.hstack([A, sp.diags_array(rng.uniform(0.5, 2.0, m))]).tocsc()
    for _ in range(redundant):
        mix = rng.integers(-1, 2, A.shape[0]).astype(float)
        mix[rng.integers(A.shape[0])] = 1.0
        A = sp.vstack([A, sp.csr_array(mix @ A)]).tocsc()
    A = A[rng.permutation(A.shape[0])].tocsc()
    return A, normal(A, sp.diags_array(rng.lognormal(0, 1, A.shape[1])))


def normal(A, H):
    """Return A H Aᵀ with its rows in ascending order."""
    N = (A @ H @ A.T).tocsc()
    N.sort_indices()
    return N


def path(n):
    """Return 2 on the diagonal and −1 beside it."""
    return sp.diags_array(
        [np.full(n - 1, -1.0), np.full(n, 2.0), np.full(n - 1, -1.0)], offsets=[-1, 0, 1]
    )


def on_pattern(dense, N):
    """Return the entries of a dense matrix where N has stored entries, in their order."""
    N = N.tocoo()
    return dense[N.row, N.col]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_solution_and_inverse_are_those_of_dense_algebra(backend, seed):
    A, N = random_system(seed)
    dense = np.linalg.inv(N.toarray())
    scale = np.abs(dense).max()
    factor = kernel.factorise(N, backend=backend)
    B = np.random.default_rng(seed).standard_normal((N.shape[0], 5))
    assert len(factor.dropped) == 0
    np.testing.assert_allclose(factor.solve(B[:, 0]), dense @ B[:, 0], atol=1e-9 * scale)
    np.testing.assert_allclose(factor.solve(B), dense @ B, atol=1e-9 * scale)
    Z = factor.selected_inverse()
    np.testing.assert_array_equal(Z.indices, N.indices)
    np.testing.assert_allclose(Z.data, on_pattern(dense, N), atol=1e-9 * scale)
    diagonal = np.einsum("ij,ik,kj->j", A.toarray(), dense, A.toarray())
    np.testing.assert_allclose(kernel.diagonal_of(A, factor), diagonal, atol=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_redundant_rows_are_dropped_and_change_nothing(backend, seed):
    redundant = 1 + seed % 4
    A, N = random_system(seed, redundant)
    factor = kernel.factorise(N, backend=backend)
    assert len(factor.dropped) == redundant
    inverse = np.linalg.pinv(N.toarray(), rcond=1e-11, hermitian=True)
    b = N @ np.random.default_rng(seed).standard_normal(N.shape[0])
    x = factor.solve(b)
    np.testing.assert_allclose(N @ x, b, atol=1e-7 * np.abs(b).max())
    np.testing.assert_array_equal(x[factor.dropped], 0.0)
    wanted = np.einsum("ij,ik,kj->j", A.toarray(), inverse, A.toarray())
    np.testing.assert_allclose(kernel.diagonal_of(A, factor), wanted, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_inverse_with_dropped_rows_is_that_of_the_kept_ones(backend):
    _, N = random_system(7, redundant=3)
    factor = kernel.factorise(N, backend=backend)
    kept = np.setdiff1d(np.arange(N.shape[0]), factor.dropped)
    wanted = np.zeros(N.shape)
    wanted[np.ix_(kept, kept)] = np.linalg.inv(N.toarray()[np.ix_(kept, kept)])
    np.testing.assert_allclose(
        factor.selected_inverse().data, on_pattern(wanted, N), atol=1e-8 * np.abs(wanted).max()
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_exact_columns_leave_empty_rows_which_are_dropped(backend):
    A = sp.csc_array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [0.0, 0.0, 1.0]])
    N = (A @ sp.diags_array([1.0, 2.0, 0.0]) @ A.T).tocsc()
    factor = kernel.factorise(N, backend=backend)
    np.testing.assert_array_equal(factor.dropped, [2])
    np.testing.assert_allclose(factor.solve(np.array([1.0, 0.0, 0.0])), [1.0, 1.0, 0.0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_parts_without_connection(backend):
    blocks = [random_system(seed)[1] for seed in (1, 2, 3)] + [sp.csc_array([[4.0]])]
    N = sp.block_diag(blocks, format="csc")
    dense = np.linalg.inv(N.toarray())
    factor = kernel.factorise(N, backend=backend)
    np.testing.assert_allclose(factor.selected_inverse().data, on_pattern(dense, N), atol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_row_no_row_and_only_zeros(backend):
    one = kernel.factorise(sp.csc_array([[4.0]]), backend=backend)
    assert one.solve(np.array([2.0])) == 0.5
    assert one.selected_inverse().toarray() == 0.25
    none = kernel.factorise(sp.csc_array((0, 0)), backend=backend)
    assert none.solve(np.empty(0)).shape == (0,)
    assert none.solve(np.empty((0, 3))).shape == (0, 3)
    assert none.selected_inverse().shape == (0, 0)
    assert len(none.dropped) == 0
    zeros = kernel.factorise(sp.csc_array((3, 3)), backend=backend)
    np.testing.assert_array_equal(zeros.dropped, [0, 1, 2])
    np.testing.assert_array_equal(zeros.solve(np.ones(3)), 0.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_fronts_wider_than_the_blocks(backend):
    # 300 columns in one front take all paths through blocks of 32 columns, 128 rows, 4 at a time.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((301, 400))
    N = sp.csc_array(X @ X.T)
    dense = np.linalg.inv(N.toarray())
    factor = kernel.factorise(N, backend=backend)
    np.testing.assert_allclose(factor.selected_inverse().data, on_pattern(dense, N), atol=1e-10)
    B = rng.standard_normal((301, 131))
    np.testing.assert_allclose(factor.solve(B), dense @ B, atol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_fill_that_cancels_keeps_the_inverse_right(backend):
    # Eliminating the first row makes the entry (1, 2) exactly zero; SuperLU then forgets it.
    N = sp.csc_array([[1.0, 1, 1, 0], [1, 3, 1, 1], [1, 1, 3, 1], [0, 1, 1, 5]])
    dense = np.linalg.inv(N.toarray())
    factor = kernel.factorise(N, backend=backend)
    np.testing.assert_allclose(factor.selected_inverse().data, on_pattern(dense, N), atol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pivot_counts_as_vanished_below_the_tolerance(backend):
    for gap, dropped in ((1e-10, 0), (1e-14, 1)):
        N = sp.csc_array([[1.0, 1.0], [1.0, 1.0 + gap]])
        assert len(kernel.factorise(N, backend=backend).dropped) == dropped
    N = sp.csc_array([[1.0, 1.0], [1.0, 1.001]])
    assert len(kernel.factorise(N, backend=backend, tolerance=0.01).dropped) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_symbolic_factor_serves_other_numbers(backend):
    A, N = random_system(11)
    symbolic_factor = kernel.factorise(N, backend=backend).symbolic
    rng = np.random.default_rng(1)
    other = normal(A, sp.diags_array(rng.lognormal(0, 2, A.shape[1])))
    again = kernel.factorise(other, symbolic_factor)
    assert again.symbolic is symbolic_factor
    dense = np.linalg.inv(other.toarray())
    np.testing.assert_allclose(
        again.selected_inverse().data, on_pattern(dense, N), rtol=0, atol=1e-9 * np.abs(dense).max()
    )
    fresh = kernel.factorise(other, backend=backend)
    b = rng.standard_normal(N.shape[0])
    assert again.solve(b).tobytes() == fresh.solve(b).tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_dropped_once_comes_back_with_other_numbers(backend):
    pattern = [[1.0, 1.0], [1.0, 1.0]]
    singular = kernel.factorise(sp.csc_array(pattern), backend=backend)
    assert len(singular.dropped) == 1
    regular = kernel.factorise(sp.csc_array([[2.0, 1.0], [1.0, 2.0]]), singular.symbolic)
    assert len(regular.dropped) == 0
    np.testing.assert_allclose(regular.solve(np.array([3.0, 3.0])), [1.0, 1.0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_stored_zeros_belong_to_the_pattern(backend):
    N = path(6).tocsc()
    N.data[np.abs(N.data) == 1.0] = 0.0
    factor = kernel.factorise(N, backend=backend)
    np.testing.assert_array_equal(factor.selected_inverse().indices, N.indices)
    coupled = kernel.factorise(path(6).tocsc(), factor.symbolic)
    dense = np.linalg.inv(path(6).toarray())
    np.testing.assert_allclose(coupled.selected_inverse().data, on_pattern(dense, N), atol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_storage_of_the_matrix_gives_the_same(backend):
    _, N = random_system(5)
    N = (N + N.T).tocsc()  # symmetric to the last bit
    b = np.arange(N.shape[0], dtype=float)
    wanted = kernel.factorise(N, backend=backend).solve(b)
    twice = N.tocoo()
    twice = sp.coo_array(
        (np.tile(twice.data / 2, 2), (np.tile(twice.row, 2), np.tile(twice.col, 2))), shape=N.shape
    )
    wide = N.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for matrix in (N.tocsr(), N.tocoo(), sp.csc_matrix(N), twice, wide):
        np.testing.assert_array_equal(kernel.factorise(matrix, backend=backend).solve(b), wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_same_input_same_bytes(backend):
    A, N = random_system(23, redundant=2)
    first, second = (kernel.factorise(N.copy(), backend=backend) for _ in range(2))
    assert first.selected_inverse().data.tobytes() == second.selected_inverse().data.tobytes()
    assert kernel.diagonal_of(A, first).tobytes() == kernel.diagonal_of(A, second).tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_right_hand_sides_of_every_shape(backend):
    _, N = random_system(3)
    factor = kernel.factorise(N, backend=backend)
    B = np.random.default_rng(0).standard_normal((N.shape[0], 131))
    X = factor.solve(B)
    assert X.shape == B.shape
    np.testing.assert_allclose(X[:, 100], factor.solve(B[:, 100]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(factor.solve(np.asfortranarray(B)), X, rtol=1e-12)
    assert factor.solve(B[:, :0]).shape == (N.shape[0], 0)
    whole = np.arange(N.shape[0])
    np.testing.assert_array_equal(factor.solve(whole), factor.solve(whole.astype(float)))
    with pytest.raises(ValueError, match="first dimension"):
        factor.solve(np.ones(N.shape[0] + 1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_factorised_is_refused(backend):
    with pytest.raises(np.linalg.LinAlgError, match="semidefinite"):
        kernel.factorise(sp.csc_array([[1.0, 2.0], [2.0, 1.0]]), backend=backend)
    with pytest.raises(np.linalg.LinAlgError, match="semidefinite"):
        kernel.factorise(sp.csc_array([[-1.0]]), backend=backend)
    with pytest.raises(ValueError, match="not symmetric"):
        kernel.factorise(sp.csc_array([[1.0, 2.0], [0.0, 1.0]]), backend=backend)
    with pytest.raises(ValueError, match="not finite"):
        kernel.factorise(sp.csc_array([[np.nan]]), backend=backend)
    with pytest.raises(ValueError, match="square"):
        kernel.factorise(sp.csc_array((2, 3)), backend=backend)


def test_a_symbolic_factor_is_not_taken_for_another_matrix():
    factor = kernel.factorise(path(4), backend="splu")
    with pytest.raises(ValueError, match="another pattern"):
        kernel.factorise(path(5), factor.symbolic)
    with pytest.raises(ValueError, match="back end 'splu'"):
        kernel.factorise(path(4), factor.symbolic, backend="numba")
    with pytest.raises(ValueError, match="No back end 'lapack'"):
        kernel.factorise(path(4), backend="lapack")


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_that_join_rows_apart_in_the_matrix_are_refused(backend):
    factor = kernel.factorise(path(3), backend=backend)
    with pytest.raises(ValueError, match="goes beyond"):
        kernel.diagonal_of(sp.csc_array([[1.0], [0.0], [1.0]]), factor)
    with pytest.raises(ValueError, match="2 rows"):
        kernel.diagonal_of(sp.csc_array([[1.0], [1.0]]), factor)


@needs_numba
@pytest.mark.parametrize("seed", SEEDS)
def test_both_back_ends_agree(seed):
    A, N = random_system(1000 + seed, redundant=seed % 3)
    one, other = (kernel.factorise(N, backend=backend) for backend in kernel.BACKENDS)
    np.testing.assert_allclose(
        kernel.diagonal_of(A, one), kernel.diagonal_of(A, other), rtol=0, atol=1e-6
    )
    b = N @ np.ones(N.shape[0])
    scale = np.abs(b).max()
    np.testing.assert_allclose(N @ one.solve(b), N @ other.solve(b), rtol=0, atol=1e-7 * scale)


@needs_numba
def test_both_back_ends_agree_on_a_city():
    A, H = city(14)
    N = normal(A, H)
    b = np.random.default_rng(0).standard_normal(N.shape[0])
    one, other = (kernel.factorise(N, backend=backend) for backend in kernel.BACKENDS)
    np.testing.assert_allclose(one.solve(b), other.solve(b), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(
        one.selected_inverse().data, other.selected_inverse().data, rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_redundancies_add_up_to_the_degrees_of_freedom(backend):
    # Σ (1 − c_jj / h_j) = Σ h_j aⱼᵀ N⁻¹ aⱼ = rank of A, whatever the weights.
    A, H = city(8)
    factor = kernel.factorise(normal(A, H), backend=backend)
    share = H.diagonal() * kernel.diagonal_of(A, factor)
    assert share.sum() == pytest.approx(A.shape[0] - len(factor.dropped), abs=1e-8)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
@pytest.mark.parametrize("seed", range(20))
def test_the_structure_covers_all_fill(compiled, seed):
    _, N = random_system(seed)
    order = np.random.default_rng(seed).permutation(N.shape[0])
    s = symbolic.analyse(N, order, compiled=compiled)
    filled = N.toarray()[np.ix_(s.order, s.order)] != 0
    for j in range(len(filled)):
        below = j + 1 + np.flatnonzero(filled[j + 1 :, j])
        filled[np.ix_(below, below)] = True
    covered = np.zeros_like(filled)
    for k in range(len(s.first) - 1):
        own = np.arange(s.first[k], s.first[k + 1])
        rows = s.rows[s.row_at[k] : s.row_at[k + 1]]
        assert (np.diff(rows) > 0).all()
        covered[np.ix_(np.concatenate([own, rows]), own)] = True
    assert (covered | ~np.tril(filled)).all()


@needs_numba
@pytest.mark.parametrize("hubs", [0, 3])
def test_a_compiled_order_is_an_order_with_little_fill(hubs):
    A, H = city(12)
    N = normal(A, H)
    n = N.shape[0]
    if hubs:
        border = sp.csc_array(np.full((n, hubs), 1e-3))
        N = sp.block_array([[N, border], [border.T, sp.eye_array(hubs)]], format="csc")
    order = symbolic.minimum_fill(N)
    np.testing.assert_array_equal(np.sort(order), np.arange(n + hubs))
    np.testing.assert_array_equal(order[n:], np.arange(n, n + hubs))
    natural, good = (
        symbolic.analyse(N, each, compiled=True).panel_at[-1]
        for each in (np.arange(n + hubs), order)
    )
    assert good < 0.2 * natural


def test_the_back_end_follows_size_and_what_is_installed(monkeypatch):
    N = path(20)
    assert kernel.factorise(N).backend == "splu"
    monkeypatch.setattr(kernel, "LARGE", 10)
    monkeypatch.setattr(kernel, "find_spec", lambda name: None)
    assert kernel.factorise(N).backend == "splu"
    if find_spec("numba"):
        monkeypatch.setattr(kernel, "find_spec", find_spec)
        assert kernel.factorise(N).backend == "numba"


def test_small_systems_do_not_load_numba():
    code = (
        "import sys, scipy.sparse as sp; from mfa.balance import kernel;"
        "kernel.factorise(sp.eye_array(9)).selected_inverse(); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def city(side):
    """Return balances A of markets on a grid with homes and dumps around each, and variances H."""
    rng = np.random.default_rng(side)
    count = side * side
    market = np.arange(count).reshape(side, side)
    home, dump = market.ravel() + count, market.ravel() + 2 * count
    pairs = np.vstack(
        [
            np.column_stack([market[:, :-1].ravel(), market[:, 1:].ravel()]),
            np.column_stack([market[:-1].ravel(), market[1:].ravel()]),
            np.column_stack([market.ravel(), home]),
            np.column_stack([home, dump]),
        ]
    )
    flow, size = np.arange(len(pairs)), 3 * count
    A = sp.csc_array(
        (np.repeat([1.0, -1.0], len(pairs)), (pairs.T[::-1].ravel(), np.tile(flow, 2))),
        shape=(size, len(pairs)),
    )
    A = sp.hstack([A, sp.eye_array(size)]).tocsc()
    return A, sp.diags_array(rng.lognormal(0, 2, A.shape[1]))
