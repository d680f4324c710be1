"""Work on a Dask cluster: reach one, give its workers tasks, say in words what goes wrong.

Nothing is kept on a worker that could not be made again: what tasks need travels with them by way
of the scheduler, and each task depends on its arguments alone. A worker may die at any time; its
tasks are done by another, with the same result.
"""

from __future__ import annotations

import logging
import pickle
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import mfa
from mfa.errors import ClusterError, Problem
from mfa.threads import one_thread

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

Where: TypeAlias = "Client | str | None"
Progress = Callable[[int, int], None]

LOCAL = "local"
EXTRA = "pip install 'city-mfa[cluster]'"
PACKAGES = ("numpy", "scipy", "numba")
PATIENCE = 60.0
ANSWER = 10.0
GRAPH_WARNING = "distributed.admin.large-graph-warning-threshold"


@contextmanager
def connected(client: Client | str) -> Iterator[Client]:
    """Yield a client of a Dask cluster.

    Parameters
    ----------
    client
        A client, which stays open; or the address of a scheduler (``tcp://host:8786``); or
        ``"local"`` for a cluster of processes on this machine, gone afterwards.

    Raises
    ------
    ClusterError
        Dask is not installed, it is neither of these, or nobody answers there.
    """
    if find_spec("distributed") is None:
        raise _problem(
            "cluster-extra",
            "Work on a cluster needs Dask, which is not installed here. Install it with: {command}",
            command=EXTRA,
        )
    from distributed import Client

    if isinstance(client, Client) and not client.asynchronous:
        yield client
        return
    if not isinstance(client, str) or not (client == LOCAL or "://" in client):
        raise _problem(
            "cluster-unknown",
            "“{client}” is no cluster. Give the address of a Dask scheduler, such as "
            "tcp://127.0.0.1:8786, or “local”; in Python also a client of Dask that is not "
            "asynchronous.",
            client=client,
        )
    if client == LOCAL:
        with (
            local_cluster() as cluster,
            Client(cluster, set_as_default=False) as found,
        ):
            yield found
        return
    with _reached(client) as found:
        yield found


def local_cluster(workers: int | None = None) -> LocalCluster:
    """Start a cluster of processes on this machine, one thread each, on ports that are free.

    Parameters
    ----------
    workers
        How many; default: as many as there are processors.
    """
    import distributed

    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        silence_logs=logging.ERROR,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    )


def _reached(address: str) -> Client:
    import distributed

    try:
        return distributed.Client(address, timeout=ANSWER, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise _problem(
            "cluster-silent",
            "No Dask scheduler answers at “{address}”. Start one with “dask scheduler”, or correct "
            "the address.",
            address=address,
        ) from error


def _problem(code: str, message: str, **values: object) -> ClusterError:
    return ClusterError([Problem(code, message, values)])


# ------------------------------------------------------------------------------------- at home


def run(
    client: Client,
    function: Callable[[Any, Any], Any],
    shared: Any,
    tasks: Sequence[Any],
    progress: Progress | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield (number of the task, ``function(shared, task)``) as workers finish, in any order.

    Parameters
    ----------
    function
        A function of a module, which workers can import.
    shared
        What every task needs; it travels once and is made anew on every worker.
    progress
        Called with the numbers of finished and of all tasks.

    Raises
    ------
    ClusterError
        Workers have other versions, keep dying, or there are none; or the scheduler is gone.
    """
    import dask

    content = pickle.dumps(shared, protocol=5)
    with dask.config.set({GRAPH_WARNING: "1TB"}):  # large on purpose: see the module's docstring
        parcel = client.submit(Parcel, content, pure=False)
        futures = [
            client.submit(work, function, parcel, task, versions(), pure=False) for task in tasks
        ]
    number = {future.key: k for k, future in enumerate(futures)}
    try:
        for done, future in enumerate(_finished(client, futures), 1):
            yield number[future.key], fetched(client, future)
            future.release()
            if progress is not None:
                progress(done, len(futures))
    finally:
        with suppress(Exception):  # a scheduler that is gone has nothing left to give up
            client.cancel([f for f in futures if f.status == "pending"])


def run_somewhere(
    client: Where,
    function: Callable[[Any, Any], Any],
    shared: Any,
    tasks: Sequence[Any],
    progress: Progress | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield as `run` does: on a cluster if there is a `client`, else here, one after the other."""
    if client is not None:
        with connected(client) as found:
            yield from run(found, function, shared, tasks, progress)
        return
    for number, task in enumerate(tasks):
        with one_thread():
            result = function(shared, task)
        yield number, result
        if progress is not None:
            progress(number + 1, len(tasks))


def _finished(client: Client, futures: list[Future]) -> Iterator[Future]:
    """Yield futures as they finish.

    Raises
    ------
    ClusterError
        The cluster has been without workers for a minute.
    """
    from distributed import as_completed

    queue = as_completed(futures, loop=client.loop)
    pause, alone = 0.001, time.monotonic()
    while not queue.is_empty():
        if queue.has_ready():
            yield next(queue)
            pause, alone = 0.001, time.monotonic()
            continue
        time.sleep(pause)
        pause = min(2 * pause, 0.01)
        if time.monotonic() - alone > PATIENCE:
            if not _workers(client):
                raise _problem(
                    "cluster-empty",
                    "The cluster at “{address}” has had no worker for {n} seconds. Start some "
                    "with: {command}",
                    address=_address(client),
                    n=round(PATIENCE),
                    command=f"dask worker {_address(client)} --nthreads 1",
                )
            alone = time.monotonic()


def _workers(client: Client) -> int:
    try:
        return len(client.scheduler_info(n_workers=-1)["workers"])
    except (OSError, TimeoutError) as error:
        raise _lost(client) from error


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "?"


def _lost(client: Client) -> ClusterError:
    return _problem(
        "cluster-lost",
        "The connection to the Dask scheduler at “{address}” is lost. Start it again, and then the "
        "work.",
        address=_address(client),
    )


def fetched(client: Client, what: Any) -> Any:
    """Return the result of a future, or of a list of them.

    Raises
    ------
    ClusterError
        Workers keep dying over a task, or the scheduler is gone.
    """
    from distributed import KilledWorker

    try:
        return client.gather(what)
    except KilledWorker as error:
        raise _problem(
            "cluster-killed",
            "{n} workers of the cluster died one after the other over the same task, the last at "
            "“{worker}”. They may have too little memory: start fewer of them on each machine.",
            n=error.allowed_failures + 1,
            worker=getattr(error.last_worker, "address", "?"),
        ) from error
    except (CancelledError, OSError) as error:
        raise _lost(client) from error


class Crew:
    """The workers of a cluster working on the blocks of a system (`mfa.balance.division.Crew`).

    Results stay on the workers until they are asked for; those of a worker that dies are made again
    from their arguments.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    def start(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Future]:
        """Call a function for each tuple of arguments, futures of earlier calls among them."""
        import dask

        with dask.config.set({GRAPH_WARNING: "1TB"}):
            return [
                self.client.submit(call, versions(), function, *arguments, pure=False)
                for arguments in calls
            ]

    def results(self, handles: list[Future]) -> list[Any]:
        """Return what stands behind the futures.

        Raises
        ------
        ClusterError
            Workers keep dying over a task, or the scheduler is gone.
        """
        for _ in _finished(self.client, handles):
            pass
        return fetched(self.client, handles)


# ---------------------------------------------------------------------------------- on a worker


def call(expected: dict[str, str], function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function on a worker, with linear algebra on one thread.

    Raises
    ------
    ClusterError
        The worker has other versions than those expected.
    """
    refuse_other_versions(expected)
    with one_thread():
        return function(*arguments)


class Parcel:
    """What tasks share, kept as bytes and unpacked where it is needed: once on each worker."""

    def __init__(self, content: bytes) -> None:
        self.content, self.lock, self.unpacked = content, Lock(), None

    def __reduce__(self) -> tuple[type[Parcel], tuple[bytes]]:
        return Parcel, (self.content,)

    def open(self) -> Any:
        """Return what is in the parcel."""
        if self.unpacked is None:
            self.unpacked = pickle.loads(self.content)
        return self.unpacked


def work(
    function: Callable[[Any, Any], Any], parcel: Parcel, task: Any, expected: dict[str, str]
) -> Any:
    """Do one task on a worker, as it would be done at home: one after the other, on one thread.

    Raises
    ------
    ClusterError
        The worker has other versions than those expected.
    """
    refuse_other_versions(expected)
    with parcel.lock, one_thread():
        return function(parcel.open(), task)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("city-mfa", mfa.__version__), ("processor", platform.machine())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "–"))
    return tuple(found)


def versions() -> dict[str, str]:
    """Return the versions of what results depend on; “–” for what is not installed."""
    return dict(_versions())


def refuse_other_versions(expected: dict[str, str]) -> None:
    """Raise where this worker would not round as whoever gave the work does.

    Raises
    ------
    ClusterError
        Naming the first package that differs.
    """
    for name, here in versions().items():
        if here != expected[name]:
            from distributed import get_worker

            raise _problem(
                "cluster-versions",
                "The worker at “{worker}” has {name} {here}, this machine has {expected}. Results "
                "must not depend on where they are computed: install the same versions on both "
                "(“–”: not installed).",
                worker=get_worker().address,
                name=name,
                here=here,
                expected=expected[name],
            )
