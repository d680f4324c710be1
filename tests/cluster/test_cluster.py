"""On a real cluster of processes: the same results for any number of workers, also if one dies."""

import os
import signal
from pathlib import Path

import distributed
import numpy as np
import pytest
from click.testing import CliRunner

import mfa
from mfa import cluster as ours
from mfa.cli import cli
from mfa.errors import ClusterError, InputError, Place, Problem
from tests.balance.test_ensemble import chain
from tests.cluster.regions import communes
from tests.mills import changed, tables_case, workbook_case

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:distributed.*", "ignore:unclosed:ResourceWarning"
)
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture(scope="module")
def pair():
    with ours.local_cluster(2) as found:
        yield found


@pytest.fixture(scope="module")
def lone():
    with ours.local_cluster(1) as found:
        yield found


@pytest.fixture
def client(pair):
    with distributed.Client(pair, set_as_default=False) as found:
        found.wait_for_workers(2)
        yield found


def kill_one(client):
    """Kill the worker that has most of the results, as a machine that loses its power."""
    held = client.has_what()
    worker = max(held, key=lambda address: (len(held[address]), address))
    os.kill(client.run(os.getpid, workers=[worker])[worker], KILL)


# ------------------------------------------------------------------------------------ ensembles


def test_draws_are_the_same_here_and_on_one_or_two_workers(pair, lone):
    account, done = chain().balance(), []
    here = account.sample(1100, seed=3).values
    two = account.sample(
        1100, seed=3, client=pair.scheduler_address, progress=lambda k, n: done.append((k, n))
    )
    one = account.sample(1100, seed=3, client=lone.scheduler_address)
    assert np.array_equal(one.values, here)
    assert np.array_equal(two.values, here)
    assert done == [(k, 5) for k in range(1, 6)]


def test_a_worker_dies_and_no_draw_is_lost(client):
    account = chain().balance()
    here = account.sample(3000, seed=5).values

    def progress(done, total):
        if done == 3:
            kill_one(client)

    drawn = account.sample(3000, seed=5, client=client, progress=progress)
    assert np.array_equal(drawn.values, here)
    assert drawn.failed == 0


# -------------------------------------------------------------------------------------- regions


def compare(one, two):
    columns = ["value", "sd", "lower", "upper"]
    a, b = one.table[columns].to_numpy(), two.table[columns].to_numpy()
    assert np.allclose(a, b, rtol=1e-9, atol=1e-8, equal_nan=True)
    assert one.table["status"].equals(two.table["status"])


def test_regions_on_workers_give_the_undivided_account(client, lone):
    system = communes(1, sd=0.9)
    two = system.balance(client=client)
    compare(system.balance(), two)
    one = system.balance(client=lone.scheduler_address)
    assert np.array_equal(one.solution.x, two.solution.x)
    assert two.solution.active.any()


def test_a_worker_dies_in_the_middle_of_a_curved_balance(client, monkeypatch):
    system, asked, original = communes(2, curved=True), [], ours.Crew.results

    def results(self, handles):
        asked.append(len(handles))
        if len(asked) == 7:
            kill_one(client)
        return original(self, handles)

    monkeypatch.setattr(ours.Crew, "results", results)
    shaken = system.balance(client=client)
    assert len(asked) > 7
    compare(system.balance(), shaken)


# -------------------------------------------------------------------------------------- reports


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture
def town(tmp_path, monkeypatch):
    """A folder with three cases, one of which has an error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    workbook_case(tmp_path / "town" / "mills")
    workbook_case(tmp_path / "town" / "broken", changed("flows", 1, target="markt"))
    tables_case(tmp_path / "town" / "old" / "tables")
    (tmp_path / "town" / "old" / "case.toml").write_text('input = "tables"\n', encoding="utf-8")
    return tmp_path


def test_cases_are_reported_alike_through_a_scheduler(pair, town, monkeypatch):
    options = ["--language", "en", "--format", "xlsx,html"]
    here = CliRunner().invoke(cli, ["report", "town", "-o", "here", *options])
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    there = CliRunner().invoke(
        cli, ["report", "town", "-o", "there", *options, "--scheduler", pair.scheduler_address]
    )
    assert (here.exit_code, there.exit_code) == (1, 1)
    files = contents(town / "here")
    assert sorted(files) == sorted(
        f"{case}/{name}" for case in ("mills", "old") for name in ("report.en.html", "report.xlsx")
    )
    assert files == contents(town / "there")
    assert "2 of 3 cases reported." in here.stdout
    assert "Đã lập báo cáo cho 2 trên 3 trường hợp." in there.stdout
    assert "Không có quá trình “markt”" in there.stderr


def test_a_worker_dies_and_no_report_is_lost(client, town):
    def progress(done, total):
        if done == 1:
            kill_one(client)

    reports = mfa.report_cases(
        ["town/mills", "town/old", "town/broken"],
        "there",
        ["en"],
        ["xlsx"],
        client=client,
        progress=progress,
    )
    assert [item.error is None for item in reports] == [True, True, False]
    assert [p.name for item in reports for p in item.written] == ["report.xlsx", "report.xlsx"]
    assert isinstance(reports[2].error, InputError)
    assert "markt" in reports[2].error.problems[0].text()


# --------------------------------------------------------------------------------------- errors


def clumsy(shared, task):
    raise InputError(
        [Problem("no-such", "There is no {what}.", {"what": shared}, Place("A", "B2"))]
    )


def deadly(shared, task):
    os._exit(1)


def test_errors_of_a_worker_come_home_whole(client):
    with pytest.raises(InputError, match=r"A!B2: There is no mill\.") as caught:
        list(ours.run(client, clumsy, "mill", [1, 2]))
    assert caught.value.problems[0].values == {"what": "mill"}


def test_a_worker_with_other_versions_is_refused(client, monkeypatch):
    monkeypatch.setattr(ours, "versions", lambda: dict(ours._versions()) | {"numba": "0.1"})
    with pytest.raises(ClusterError, match=r"has numba .*, this machine has 0\.1"):
        chain().balance().sample(10, client=client)


def test_a_task_that_kills_its_workers_ends_in_words(lone, monkeypatch):
    monkeypatch.setattr(lone.scheduler, "allowed_failures", 0)
    with (
        distributed.Client(lone, set_as_default=False) as client,
        pytest.raises(ClusterError, match="1 workers of the cluster died"),
    ):
        list(ours.run(client, deadly, None, [1]))


def test_a_cluster_without_workers_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(ours, "PATIENCE", 0.3)
    with ours.local_cluster(0) as empty, pytest.raises(ClusterError, match="has had no worker"):
        chain().balance().sample(10, client=empty.scheduler_address)


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(ours, "ANSWER", 0.5)
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at “tcp://127\.0\.0\.1:9”"):
        chain().balance().sample(10, client="tcp://127.0.0.1:9")


@pytest.mark.parametrize("client", ["127.0.0.1:9", "", 8786, object()])
def test_what_is_no_cluster_is_refused(client):
    with pytest.raises(ClusterError, match="is no cluster"):
        chain().balance().sample(10, client=client)


def test_without_dask_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(ours, "find_spec", lambda name: None)
    with pytest.raises(ClusterError, match=r"pip install 'city-mfa\[cluster\]'"):
        chain().balance().sample(10, client="local")


def test_the_command_line_says_so_too(town, monkeypatch):
    monkeypatch.setattr(ours, "ANSWER", 0.5)
    result = CliRunner().invoke(
        cli, ["report", str(Path("town") / "mills"), "--scheduler", "tcp://127.0.0.1:9"]
    )
    assert result.exit_code == 2
    assert "No Dask scheduler answers" in result.stderr
