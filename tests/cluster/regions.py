"""Cities of several regions that add up, and a crew that works on their blocks right here."""

import numpy as np
import pandas as pd

import mfa


class Here:
    """A crew without a cluster: calls at once, in this process."""

    def start(self, function, calls):
        return [function(*arguments) for arguments in calls]

    def results(self, handles):
        return handles


def communes(seed=1, children=3, *, curved=False, shared=False, correlated=False, sd=0.08):
    """A city and its communes: rice is milled, sold and wasted; some things nobody counted."""
    rng = np.random.default_rng(seed)
    names = [f"c{k}" for k in range(children)]
    s = mfa.System("communes", unit="t/year", regions={"city": names})
    for name in ("mill", "market", "home"):
        s.process(name)
    s.flow("paddy", "import", "mill")
    s.flow("rice", "mill", "market")
    s.flow("husk", "mill", "export")
    s.flow("sold", "market", "home")
    s.flow("away", "market", "export")
    s.flow("waste", "home", "environment")
    s.flow("kept", "home", "export")
    s.flow("spice", "import", "home")
    for k, name in enumerate(names):
        size = 100.0 * (k + 1) * rng.uniform(0.8, 1.2)
        paddy, rice = size, 0.66 * size
        for flow, value in (("paddy", paddy), ("rice", rice), ("sold", 0.5 * size)):
            if flow == "rice" or rng.random() < 0.8:
                noisy = value * (1 + sd * rng.normal())
                s.observe(flow, noisy, sd=sd * value, region=name, id=f"{flow}_{name}")
        s.observe("waste", 0.05 * size, sd=0.04 * size, region=name)
    total = 100.0 * children * (children + 1) / 2
    s.observe("paddy", total, sd=0.02 * total, region="city")
    s.observe("rice", 0.65 * total, sd=0.05 * total, region="city")
    s.observe("away", 0.16 * total, sd=0.01 * total, region="city")
    if curved:
        s.parameter("loss", value=0.3, sd=0.05, unit="1", region="c0")
        s.relate("husk = loss * paddy", region="c0")
        s.relate("spice <= 0.2 * sold")
    if shared:
        s.parameter("rate", value=0.1, sd=0.02, unit="1")
        s.relate("waste = rate * sold")
    if correlated:
        s.correlate("rice_c0", "rice_c1", 0.6)
    return s


def big(regions=4, processes=1400, seed=2):
    """Regions of several thousand flows each, tied by a few relations between them."""
    rng = np.random.default_rng(seed)
    names = [f"r{k}" for k in range(regions)]
    source, target = [], []
    for k in range(processes):
        source += [f"p{k}", f"p{k}"]
        target += [f"p{(k + 1) % processes}", f"p{(k * 7 + 3) % processes}"]
    for k in range(0, processes, 3):
        source += ["import", f"p{k}"]
        target += [f"p{k}", "export"]
    keep = [a != b for a, b in zip(source, target, strict=True)]
    flows = pd.DataFrame({"source": source, "target": target})[keep].drop_duplicates()
    flows.insert(0, "id", [f"f{k}" for k in range(len(flows))])
    rows = [
        {"quantity": f"f{k}", "region": name, "value": 50 + 30 * rng.random(), "sd": 8.0}
        for name in names
        for k in np.flatnonzero(rng.random(len(flows)) < 0.7)
    ]
    flows["lower"] = -np.inf
    s = mfa.System.from_tables(
        title="big", unit="t/year", regions=names, flows=flows, observations=pd.DataFrame(rows)
    )
    for k in range(0, 60, 5):
        s.relate(" + ".join(f"f{k}[{name}]" for name in names) + f" = {250 + k}")
    return s
