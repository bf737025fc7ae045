"""Profiles in YAML, by path or by name."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter

from dnnsa import reading
from dnnsa.cluster.address import Address
from dnnsa.cluster.base import Cluster
from dnnsa.cluster.htcondor import HTCondor
from dnnsa.cluster.job import Adapt
from dnnsa.cluster.local import Local
from dnnsa.cluster.lsf import Lsf
from dnnsa.cluster.moab import Moab
from dnnsa.cluster.oar import Oar
from dnnsa.cluster.pbs import Pbs
from dnnsa.cluster.sge import Sge
from dnnsa.cluster.slurm import Slurm
from dnnsa.errors import ProfileError

KINDS: dict[str, type[Cluster]] = {
    "local": Local,
    "address": Address,
    "slurm": Slurm,
    "pbs": Pbs,
    "moab": Moab,
    "lsf": Lsf,
    "sge": Sge,
    "oar": Oar,
    "htcondor": HTCondor,
}


def read_profile(profile: str | Path) -> Cluster:
    """A cluster from its profile, a YAML file such as ``{kind: local, workers: 4}``.

    Parameters
    ----------
    profile
        The file, or the name of one: ``gpu`` is ``~/.config/dnnsa/gpu.yaml``.

    Raises
    ------
    ProfileError
        There is no such profile; or it does not hold, with every problem, each named by its path in the file.
    """
    path = profile if isinstance(profile, Path) else _path(profile)
    parts = reading.read_file(path, ProfileError)
    to: TypeAdapter[Cluster] = TypeAdapter(reading.one_of(KINDS))
    keys: Mapping[reading.Pattern, Iterable[str]] = {("adapt",): [field.name for field in dataclasses.fields(Adapt)]}
    return reading.check(parts, to, {(): KINDS}, keys, ProfileError, str(path))


def folder() -> Path:
    """Where profiles have names."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dnnsa"


def _path(profile: str) -> Path:
    if Path(profile).suffix in (".yaml", ".yml") or os.sep in profile:
        return Path(profile)
    path = folder() / f"{profile}.yaml"
    if path.is_file():
        return path
    there = sorted(file.stem for file in folder().glob("*.yaml"))
    known = reading.nearest(profile, there) if there else f": put {profile}.yaml there, or give the path of a file."
    raise ProfileError([f"no profile `{profile}` in {folder()}{known}"])
