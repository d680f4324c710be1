"""Random nonlinear systems with a known truth: to try the iteration on, without any start."""

import numpy as np

import mfa

SHAPES = (
    ("{0} * {1}", lambda v: v[0] * v[1]),
    ("{0} * {1} * {2}", lambda v: v[0] * v[1] * v[2]),
    ("{0} / {1}", lambda v: v[0] / v[1]),
    ("{0} * {1} / ({1} + {2})", lambda v: v[0] * v[1] / (v[1] + v[2])),
    ("{0} ^ 2 + {1}", lambda v: v[0] ** 2 + v[1]),
    ("{0} ^ 0.5 * {1}", lambda v: v[0] ** 0.5 * v[1]),
    ("{0} + {1} - {0} * {1} / ({0} + {1})", lambda v: v[0] + v[1] - v[0] * v[1] / (v[0] + v[1])),
    ("(1 + {0}) ^ 1.5", lambda v: (1 + v[0]) ** 1.5),
)


def curved_system(seed, basic=6, derived=10, share=0.7, spread=1.0, noise=1.0, positive=True):
    """A system of parameters, some measured, tied by random relations; and the truth.

    The first `basic` values are free to choose, each further one is a formula of earlier ones.
    Of all of them a share is measured, with noise of that many σ.
    """
    rng = np.random.default_rng(seed)
    truth = rng.lognormal(0, spread, basic).tolist()
    formulas = [None] * basic
    for _ in range(derived):
        text, value = SHAPES[rng.integers(len(SHAPES))]
        old = rng.choice(len(truth), 3, replace=False)
        formulas.append(text.format(*(f"v{j}" for j in old)))
        truth.append(value([truth[j] for j in old]))
    s = mfa.System("curved")
    for j, value in enumerate(truth):
        given = {}
        if rng.random() < share:
            sd = value * rng.uniform(0.02, 0.2)
            given = {"value": value + noise * sd * rng.standard_normal(), "sd": sd}
        s.parameter(f"v{j}", lower=0 if positive else None, **given)
    for j, formula in enumerate(formulas):
        if formula:
            s.relate(f"v{j} = {formula}")
    return s, np.array(truth)


def distance(account, truth):
    """Weighted sum of squares of the data at the truth: what a balance may not exceed."""
    o = account.given
    return float((((truth[o.index] - o.value) / o.sd) ** 2).sum())
