"""One Slurm for all tests here, without jobs at the beginning of each, and a study to run on it."""

import numpy as np
import pytest
from ruamel.yaml import YAML

import dnnsa
from dnnsa.cluster import keeper
from dnnsa.view.progress import Quiet
from tests.slurm import machine
from tests.studies import parts

BASE_POINTS = 4096  # of a study of 64 blocks
SOURCE = """
import os, time
import numpy as np

FD = os.open({log!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
TOLD = ("SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")

def f(x1, x2):
    if "SLURM_JOB_ID" in os.environ:
        time.sleep({seconds})
    os.write(FD, " ".join([*(os.environ.get(name, "-") for name in TOLD), str(len(x1))]).encode() + b"\\n")
    return np.exp(3 * x1)[:, None] * np.cos(np.arange(5) * x2[:, None])
"""


@pytest.fixture(scope="session")
def whole_slurm(tmp_path_factory):
    if reason := machine.why_not():
        pytest.skip(reason)
    with machine.running(tmp_path_factory.mktemp("slurm")) as slurm, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
        patch.setenv("PATH", machine.BY_HAND)
        yield slurm


@pytest.fixture
def slurm(whole_slurm):
    yield whole_slurm
    whole_slurm.clear()


@pytest.fixture
def attentive(monkeypatch):
    """Jobs that end are missed after a second, not half a minute, by clusters that are opened in this process."""
    for name in ("EVERY", "LIST_EVERY", "ENDED"):
        monkeypatch.setattr(keeper, name, 1.0)


class Study:
    """A study in a folder, whose model writes down where each block runs, and sleeps there."""

    def __init__(self, folder, seconds):
        self.folder, self.log, self.path, self.store = folder, folder / "calls", folder / "study.yaml", folder / "out"
        (folder / "model.py").write_text(SOURCE.format(log=str(self.log), seconds=seconds), encoding="utf-8")
        with self.path.open("w") as file:
            YAML().dump(parts(base_points=BASE_POINTS), file)

    def profile(self, **settings):
        """The path of a profile of this Slurm."""
        told = {"kind": "slurm", "memory": "1GB", "walltime": "00:10:00", **settings}
        folders = {"shared_directory": f"{self.folder}/keys", "log_directory": f"{self.folder}/jobs"}
        with (self.folder / "profile.yaml").open("w") as file:
            YAML().dump(told | folders, file)
        return self.folder / "profile.yaml"

    def run(self, **where):
        """Its results."""
        return dnnsa.run(dnnsa.Study.from_yaml(self.path), out=self.store, reporter=Quiet(), **where)

    def calls(self):
        """Where each block ran that is done: job, node, GPUs, runs."""
        return [line.split() for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def runs(self):
        """How many runs have been made."""
        return sum(int(call[-1]) for call in self.calls())

    def jobs(self):
        """The jobs in which blocks ran."""
        return {call[0] for call in self.calls()}


@pytest.fixture
def study(tmp_path):
    """A study of so many seconds a block."""
    return lambda seconds: Study(tmp_path, seconds)


@pytest.fixture(scope="session")
def expected(client, tmp_path_factory):
    """Its results from this machine."""
    return Study(tmp_path_factory.mktemp("here"), 0).run(client=client)


def same(results, expected):
    """Whether two studies have the same results to the bit."""
    assert set(results.children) == set(expected.children)
    for quantity, node in expected.children.items():
        assert set(results[quantity].data_vars) == set(node.data_vars)
        for name, array in node.data_vars.items():
            np.testing.assert_array_equal(results[quantity][name].values, array.values, err_msg=f"{quantity}/{name}")
