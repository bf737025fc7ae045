"""One Slurm for all tests here, empty at the beginning of each."""

import pytest

from tests.slurm import machine


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
