"""Published and closed-form reconciliation cases: values, σ, χ², status and suspects as printed."""

import json
from pathlib import Path

import pytest

import mfa

FOLDER = Path(__file__).parents[1] / "reference"
CASES = sorted(
    path.stem
    for path in FOLDER.glob("*.json")
    if "reconciliation" in json.loads(path.read_text(encoding="utf-8")).get("kind", "")
)
STATUS = {
    "measured_redundant": "reconciled",
    "measured_nonredundant": "measured",
    "unmeasured_observable": "determined",
    "unmeasured_unobservable": "free",
}


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def build(case):
    """The case through the public Python interface: streams become flows, the rest parameters."""
    system = mfa.System(case["name"])
    streams = {stream["id"]: stream for stream in case.get("streams", ())}
    for node in case.get("nodes", ()):
        system.process(node)
    for name, variable in case["variables"].items():
        value, sd = variable.get("value"), variable.get("sd", 0.0)
        data = {} if value is None else {"value": value, "sd": sd}
        if name in streams:
            source = streams[name]["from"].replace("ENV", "import")
            target = streams[name]["to"].replace("ENV", "export")
            system.flow(name, source, target, lower=None, **data)
        else:
            system.parameter(name, start=variable.get("start"), **data)
    for name in streams.keys() - case["variables"].keys():
        source = streams[name]["from"].replace("ENV", "import")
        system.flow(name, source, streams[name]["to"].replace("ENV", "export"), lower=None)
    for equation in case.get("equations", ()):
        system.relate(equation if "=" in equation else f"{equation} = 0")
    for first, second, rho in case.get("correlations", ()):
        system.correlate(first, second, rho)
    return system


@pytest.fixture(scope="module", params=CASES)
def solved(request):
    case = load(request.param)
    return case, build(case).balance()


def close(case, key, got, want):
    absolute = case["tolerance"].get(key, 1e-9)
    relative = case["tolerance"].get(f"{key}_rel", 0)
    assert got == pytest.approx(want, abs=absolute, rel=relative or 1e-12)


def test_reconciled_values_as_published(solved):
    case, account = solved
    each = case["tolerance"].get("reconciled_each", {})
    for name, want in case["published"].get("reconciled", {}).items():
        if name in each:
            assert account[name].value == pytest.approx(want, abs=each[name])
        else:
            close(case, "reconciled", account[name].value, want)


def test_standard_deviations_as_published(solved):
    case, account = solved
    for name, want in case["published"].get("sd", {}).items():
        close(case, "sd", account[name].sd, want)


def test_global_test_as_published(solved):
    case, account = solved
    if "chi2" in case["published"]:
        close(case, "chi2", account.test.chi2, case["published"]["chi2"])
    if "dof" in case["published"]:
        assert account.test.dof == case["published"]["dof"]


def test_normalised_adjustments_as_published(solved):
    case, account = solved
    for name, want in case["published"].get("normalized_adjustment", {}).items():
        (observation,) = account[name].observations
        close(case, "normalized_adjustment", observation["normalised"], want)


def test_status_as_published(solved):
    case, account = solved
    for group, names in case["published"].get("classification", {}).items():
        for name in names:
            assert account[name].status == STATUS[group], name


def test_gross_errors_as_published(solved):
    case, account = solved
    flagged = case["published"].get("gross_error_flagged")
    if flagged:
        worst = account.observations.sort_values("normalised", ascending=False)["quantity"]
        assert set(worst.head(len(flagged))) == set(flagged)


def test_every_balance_closes(solved):
    _, account = solved
    balances = account.residuals
    size = balances["in"].abs() + balances["out"].abs()
    assert (balances["difference"].abs() <= 1e-9 * size + 1e-12).all()


def test_all_reference_cases_are_run():
    assert len(CASES) >= 15
