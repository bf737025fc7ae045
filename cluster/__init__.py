"""Where a study runs: one scheduler a file, and profiles in YAML that name one."""

if __name__ == "cluster":
    raise ImportError("import dnnsa.cluster: `cluster` is a folder of the checkout.")

from pathlib import Path

from pydantic import TypeAdapter

from dnnsa import reading
from dnnsa.cluster.base import Cluster
from dnnsa.cluster.local import Local
from dnnsa.cluster.slurm import Slurm
from dnnsa.errors import ProfileError

KINDS: dict[str, type[Cluster]] = {"local": Local, "slurm": Slurm}


def read_profile(path: Path) -> Cluster:
    """A cluster from its profile, a YAML file such as ``{kind: local, workers: 4}``.

    Raises
    ------
    ProfileError
        With every problem, each named by its path in the file.
    """
    parts = reading.read_file(path, ProfileError)
    to: TypeAdapter[Cluster] = TypeAdapter(reading.one_of(KINDS))
    return reading.check(parts, to, {(): KINDS}, {}, ProfileError, str(path))


__all__ = ["KINDS", "Cluster", "Local", "read_profile"]
