"""What would be asked of a batch system, to be read before it is asked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dnnsa.cluster import configuration
from dnnsa.cluster.base import Cluster
from dnnsa.cluster.request import Batch, script
from dnnsa.errors import ProfileError


class Shown(NamedTuple):
    """What a profile comes to."""

    script: str
    """The job script; the address of the Dask scheduler and the folder of the TLS keys, of which each run has its own,
    are placeholders."""
    jobs: int
    """How often it is submitted at first."""
    from_dask: Mapping[str, Any]
    """Settings that came from dask's configuration, by their whole names there."""
    left_out: Mapping[str, Any]
    """What is set there and dnnsa does not take, since it has a setting of its own."""


def show(profile: Cluster) -> Shown:
    """The job script of a profile, and where its settings came from.

    Raises
    ------
    ProfileError
        The profile submits no jobs, or something that it needs is missing.
    """
    if not isinstance(profile, Batch):
        raise ProfileError([f"kind: {profile.kind} submits no jobs: there is no job script."])
    asked = profile.request()
    section = f"jobqueue.{profile.kind}"
    return Shown(
        script=script(asked),
        jobs=1 if asked.array else asked.minimum // asked.per_job,
        from_dask={f"{section}.{key}": value for key, value in asked.from_dask.items()},
        left_out=configuration.users([f"{section}.processes"]),
    )
