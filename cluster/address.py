"""A Dask scheduler that runs already, with workers of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from dnnsa.cluster import words
from dnnsa.cluster.base import Say, quiet
from dnnsa.errors import ClusterError
from dnnsa.settings import settings

FILES = ("tls_ca_file", "tls_client_cert", "tls_client_key")


@settings
class Address:
    """A Dask scheduler that runs already. It, its workers and what else runs there are left as they are."""

    kind: Literal["address"] = "address"
    address: str
    """Where it listens: `tls://HOST:PORT`, or `tcp://HOST:PORT` without encryption."""
    timeout: float = 30.0
    """Seconds until it is given up."""
    tls_ca_file: str | None = None
    """Certificate of the authority; what dask's configuration says, `distributed.comm.tls`, unless given."""
    tls_client_cert: str | None = None
    """Certificate of the client; likewise."""
    tls_client_key: str | None = None
    """Key of the client; likewise."""

    def __post_init__(self) -> None:
        found = []
        scheme, _, place = self.address.partition("://")
        if scheme not in ("tls", "tcp") or not place.rpartition(":")[2].isdigit():
            found.append(f"`address` must be tls://HOST:PORT or tcp://HOST:PORT, got {self.address}")
        if self.timeout <= 0:
            found.append(f"`timeout` must be more than 0 seconds, got {self.timeout:g}")
        if scheme == "tcp" and any(getattr(self, name) for name in FILES):
            found.append(f"`tls_...` files are for an address that begins with tls://, got {self.address}")
        words.refuse(found)

    @contextmanager
    def open(self, say: Say = quiet) -> Iterator[Any]:
        """A client of that scheduler.

        Raises
        ------
        ClusterError
            It is not reached in time, or speaks another protocol; or there are no TLS files for it.
        """
        from distributed import Client

        security = self._security()
        try:
            client = Client(self.address, security=security, timeout=self.timeout)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"address: {self.address} does not answer as a Dask scheduler within {self.timeout:g} s "
                f"({_first_cause(error)}): look whether it runs, whether this host reaches it, and whether it speaks "
                f"{self.address.partition(':')[0]}."
            ) from error
        with client:
            yield client

    def _security(self) -> Any:
        from distributed.security import Security

        given = {name: _expanded(value) for name in FILES if (value := getattr(self, name))}
        security = Security(**given, require_encryption=self.address.startswith("tls:"))
        for name in FILES if self.address.startswith("tls:") else ():
            path = getattr(security, name)
            if not path:
                where = "distributed.comm.tls of dask's configuration"
                raise ClusterError(f"`{name}` is missing: {self.address} needs it, here or in {where}.")
            if "\n" not in path and not Path(path).is_file():
                raise ClusterError(f"`{name}`: there is no file {path}.")
        return security


def _expanded(path: str) -> str:
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}" if str(error) else "no answer"
