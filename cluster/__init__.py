"""Where a study runs: one scheduler a file, and profiles in YAML that name one."""

if __name__ == "cluster":
    raise ImportError("import dnnsa.cluster: `cluster` is a folder of the checkout.")

from dnnsa.cluster.address import Address
from dnnsa.cluster.base import Cluster
from dnnsa.cluster.check import Checked, check
from dnnsa.cluster.htcondor import HTCondor
from dnnsa.cluster.inside import Inside
from dnnsa.cluster.job import Adapt
from dnnsa.cluster.local import Local
from dnnsa.cluster.lsf import Lsf
from dnnsa.cluster.moab import Moab
from dnnsa.cluster.oar import Oar
from dnnsa.cluster.pbs import Pbs
from dnnsa.cluster.probe import Facts, Seen
from dnnsa.cluster.profiles import KINDS, read_profile
from dnnsa.cluster.request import Batch
from dnnsa.cluster.sge import Sge
from dnnsa.cluster.show import Shown, show
from dnnsa.cluster.slurm import Slurm

__all__ = [
    "KINDS",
    "Adapt",
    "Address",
    "Batch",
    "Checked",
    "Cluster",
    "Facts",
    "HTCondor",
    "Inside",
    "Local",
    "Lsf",
    "Moab",
    "Oar",
    "Pbs",
    "Seen",
    "Sge",
    "Shown",
    "Slurm",
    "check",
    "read_profile",
    "show",
]
