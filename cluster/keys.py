"""TLS between hosts: keys made for one run, which only the user can read, and which go with the run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dnnsa.errors import ClusterError

NAMES = {"tls_ca_file": "authority.pem", "tls_worker_cert": "job.pem", "tls_worker_key": "job-key.pem"}


@contextmanager
def keys(shared: Path) -> Iterator[Any]:
    """A ``distributed.Security`` of one run, whose part for workers is files in a folder of their own.

    dask-jobqueue writes such files too, but leaves them until its cluster is collected.

    Raises
    ------
    ClusterError
        The files cannot be written.
    """
    from distributed.security import Security

    made = Security.temporary()
    try:
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="keys-", dir=shared))  # mode 0700
    except OSError as error:
        raise ClusterError(f"`shared_directory`: {shared} cannot be written: {error.strerror}.") from error
    try:
        files = {role: _write(folder / name, getattr(made, role)) for role, name in NAMES.items()}
        here = {name: getattr(made, name) for name in ("tls_scheduler_cert", "tls_scheduler_key")}
        here |= {name: getattr(made, name) for name in ("tls_client_cert", "tls_client_key")}
        yield Security(require_encryption=True, **files, **here)
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)


def placeholder(shared: Path) -> Any:
    """The same with the names of files that are not there, for a script that is only shown."""
    from distributed.security import Security

    return Security(require_encryption=True, **{role: str(shared / "keys-RUN" / name) for role, name in NAMES.items()})


def _write(path: Path, text: str) -> str:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="ascii")
    return str(path)
