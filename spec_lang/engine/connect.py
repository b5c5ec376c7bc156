"""From the address of a cluster to an executor.

In: `dask://host:port`, or `dask+tls://host:port` with what dask's own configuration says of certificates.
Out: an executor for as long as it is needed, all of whose workers are this very nnspec; or a diagnostic that
says why there is none.  Only here is dask's library imported.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from spec_lang.diagnostics import Diagnostic
from spec_lang.engine import codes
from spec_lang.engine.jobs import identity

_SCHEMES: Final = {"dask": "tcp", "dask+tls": "tls"}  # ours, and dask's
_PATIENCE: Final = 10.0  # seconds for a connection


class NoExecutor(Exception):
    """Why there is none."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.diagnostic = Diagnostic(codes.NO_EXECUTOR, problem, None, fix)


@contextmanager
def connected(scheme: str, host: str, port: int) -> Iterator[Executor]:
    """The executor of the cluster whose scheduler listens there.  Raises `NoExecutor`."""
    if find_spec("distributed") is None:
        raise NoExecutor(f"`{scheme}://` needs the package `distributed`", "run `pip install 'nnspec[dask]'`")
    fix = "start it with `dask scheduler`, and workers with `dask worker HOST:PORT`"
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        problem = f"no scheduler answers at `{host}:{port}`: {error.strerror or error}"
        raise NoExecutor(problem, fix) from None
    from distributed import Client  # noqa: PLC0415 - an extra

    try:
        client = Client(f"{_SCHEMES[scheme]}://{host}:{port}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise NoExecutor(f"what listens at `{host}:{port}` is no scheduler of ours: {error}", fix) from None
    with client:
        _examine(client.run(identity, on_error="return"))
        yield client.get_executor(pure=False)


def _examine(found: Mapping[str, object]) -> None:
    """Whether there are workers, all of them like this process."""
    if not found:
        raise NoExecutor("the cluster has no workers", "start some with `dask worker HOST:PORT`")
    here = identity()
    for worker, said in sorted(found.items()):
        if said != here:
            words = f"{type(said).__name__}: {said}" if isinstance(said, BaseException) else str(said)
            problem = f"the worker `{worker}` is not the nnspec that this is ({here}): {words}"
            raise NoExecutor(problem, "install the same nnspec there, and start the worker again")
