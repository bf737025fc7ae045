"""The Slurm that the other tests use is a real one."""

import pytest

from tests.slurm.machine import NODES, until

pytestmark = pytest.mark.slurm


def test_jobs_run_on_several_nodes_at_once_and_are_on_record(slurm, tmp_path):
    script = tmp_path / "job"
    script.write_text(f"#!/bin/sh\necho $SLURMD_NODENAME >> {tmp_path}/nodes\nsleep 2\n")
    number = slurm("sbatch", "--parsable", f"--array=1-{NODES}", "-c4", "-o/dev/null", str(script)).strip()
    until(lambda: (tmp_path / "nodes").exists() and len((tmp_path / "nodes").read_text().split()) == NODES, 20)
    assert len(set((tmp_path / "nodes").read_text().split())) == NODES
    until(lambda: not slurm.jobs(), 20)
    assert slurm.ended()[number]["JobState"] == "COMPLETED"
