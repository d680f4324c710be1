"""One thread for linear algebra, so that sums are rounded alike wherever they are computed.

Libraries split large products among threads, and another split may round another last bit. Workers
of a cluster mostly have one thread each, a desktop has many; what must not depend on that runs in
`one_thread`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class _Limit:
    """The limit of this process, held as long as any thread needs it."""

    def __init__(self) -> None:
        self.lock, self.users, self.stack = threading.Lock(), 0, ExitStack()

    def enter(self) -> None:
        with self.lock:
            if not self.users:
                from threadpoolctl import threadpool_limits

                self.stack.enter_context(threadpool_limits(1, user_api="blas"))
            self.users += 1

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                self.stack.close()


_LIMIT = _Limit()  # threads of linear algebra belong to the process: there is one limit to hold


@contextmanager
def one_thread() -> Iterator[None]:
    """Let linear algebra use one thread."""
    import scipy.sparse.linalg  # noqa: F401 - a library that is loaded later is not limited

    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()
