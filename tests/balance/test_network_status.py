"""The status of networks at scale: spanning trees against dense algebra, and awkward shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from mfa import System
from mfa.balance.classify import DETERMINED, FREE, MEASURED, RECONCILED, classify, network_status

pytest.importorskip("numba")


def random_network(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the balances of a small random network, rows scaled at will, and what is measured."""
    m, n = int(rng.integers(1, 7)), int(rng.integers(1, 12))
    A = np.zeros((m + 1, n))
    source, target = rng.integers(0, m + 1, (2, n))
    A[target, np.arange(n)] += 1.0
    A[source, np.arange(n)] -= 1.0
    return A[:m] * rng.choice([-2.0, 1.0, 3.0], (m, 1)), rng.random(n) < 0.6


def dense_status(A: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Return the status of every column by singular value decompositions."""
    free = A[:, ~measured]
    u, s, vt = np.linalg.svd(free)
    rank = int((s > 1e-9).sum())
    moves = np.abs(vt[rank:]).max(axis=0, initial=0.0) > 1e-9
    seen = np.abs(u[:, rank:].T @ A[:, measured]).max(axis=0, initial=0.0) > 1e-9
    out = np.empty(len(measured), dtype=int)
    out[~measured] = np.where(moves, FREE, DETERMINED)
    out[measured] = np.where(seen, RECONCILED, MEASURED)
    return out


def test_trees_and_algebra_agree_on_thousands_of_networks() -> None:
    rng = np.random.default_rng(5)
    for _ in range(2000):
        A, measured = random_network(rng)
        found = network_status(sp.csr_array(A), measured, np.zeros(len(measured), bool))
        assert found is not None
        status, probes = found
        assert status.tolist() == dense_status(A, measured).tolist()
        assert np.abs(A @ probes).max(initial=0.0) < 1e-12
        assert ((np.abs(probes).max(axis=1) > 1e-6) == (status == FREE)).all()


def test_trees_and_probes_agree() -> None:
    rng = np.random.default_rng(6)
    for _ in range(150):
        A, measured = random_network(rng)
        n = len(measured)
        never = np.zeros(n, dtype=bool)
        found = network_status(sp.csr_array(A), measured, never)
        probed = classify(
            sp.csr_array(A), measured, np.ones(n), np.arange(n), n, never, np.arange(0)
        )
        assert found is not None
        assert probed.status.tolist() == found[0].tolist()


@pytest.mark.parametrize(
    "A", [[[1.0, -1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]], [[1, -1], [-1, 2]]]
)
def test_what_is_no_network_is_left_to_algebra(A: list[list[float]]) -> None:
    none = np.zeros(2, dtype=bool)
    assert network_status(sp.csr_array(np.array(A, dtype=float)), none, none) is None


def star(count: int) -> pd.DataFrame:
    """Return a hub that gives to `count` shops; what they pass on is measured but for the first."""
    shop = np.char.add("shop", np.arange(count).astype(str)).astype(object)
    names = np.char.add("f", np.arange(2 * count + 1).astype(str)).astype(object)
    value = np.full(2 * count + 1, 2.0)
    value[:count] = np.nan
    value[count], value[-1] = np.nan, 2.0 * count + 1.0
    hub = np.full(count, "hub", dtype=object)
    return pd.DataFrame(
        {
            "id": names,
            "source": [*hub, *shop, "import"],
            "target": [*shop, *np.full(count, "export"), "hub"],
            "value": value,
            "sd": 0.1,
        }
    )


def test_a_hub_of_a_hundred_thousand() -> None:
    account = System.from_tables("hub", flows=star(100_000)).balance()
    status = account.table["status"].to_numpy()
    assert (status[:100_001] == "determined").all()
    assert (status[100_001:] == "measured").all()
    assert account["f0"].value == pytest.approx(3.0)
    assert account["f7"].value == pytest.approx(2.0)


def test_loops_and_layers_in_whole_tables() -> None:
    flows = pd.DataFrame(
        {
            "id": ["a", "b", "loop", "wa", "wb"],
            "source": ["import", "p", "p", "import", "p"],
            "target": ["p", "export", "p", "p", "export"],
            "layer": ["goods", "goods", "goods", "water", "water"],
            "value": [10.0, 12.0, np.nan, 5.0, np.nan],
            "sd": [1.0, 1.0, np.nan, 1.0, np.nan],
        }
    )
    layers = pd.DataFrame({"id": ["water"], "unit": ["m3/year"]})
    account = System.from_tables("two layers", flows=flows, layers=layers).balance()
    status = dict(zip(account.table["id"], account.table["status"], strict=True))
    assert status == {
        "a": "reconciled", "b": "reconciled", "loop": "free", "wa": "measured", "wb": "determined",
    }  # fmt: skip
    assert account["a"].value == pytest.approx(11.0)
    assert account["wb"].value == pytest.approx(5.0)
    assert account["wb"].unit == "m3/year"
