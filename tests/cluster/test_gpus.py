"""Which GPUs a worker has."""

import pytest

from dnnsa.cluster import Local
from dnnsa.cluster.gpus import take


def taken(worker, **environment):
    take(worker, environment)
    return environment


def test_what_the_batch_system_has_bound_stands():
    assert taken("dnnsa-3", CUDA_VISIBLE_DEVICES="2")["CUDA_VISIBLE_DEVICES"] == "2"
    assert "CUDA_VISIBLE_DEVICES" not in taken("dnnsa-3")


@pytest.mark.parametrize(("worker", "devices"), [("dnnsa-7-0", "GPU-a,GPU-b"), ("dnnsa-7-1", "GPU-c,GPU-d")])
def test_workers_of_a_job_take_their_own_of_its_devices(worker, devices):
    found = taken(worker, CUDA_VISIBLE_DEVICES="GPU-a,GPU-b,GPU-c,GPU-d", DNNSA_GPUS="2")
    assert found["CUDA_VISIBLE_DEVICES"] == devices


def test_where_no_devices_are_listed_they_are_counted():
    assert taken("1", DNNSA_GPUS="1")["CUDA_VISIBLE_DEVICES"] == "1"


def test_too_few_devices_are_told():
    with pytest.raises(
        RuntimeError, match="worker dnnsa-0-1 wants GPUs 1 to 1 of CUDA_VISIBLE_DEVICES=5: ask for a job"
    ):
        taken("dnnsa-0-1", CUDA_VISIBLE_DEVICES="5", DNNSA_GPUS="1")


def test_memory_of_a_gpu_is_taken_as_it_is_needed_unless_the_user_says_otherwise():
    assert taken("a")["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert taken("a", TF_FORCE_GPU_ALLOW_GROWTH="false")["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"


def devices():
    import os

    return os.environ["CUDA_VISIBLE_DEVICES"], os.environ["TF_FORCE_GPU_ALLOW_GROWTH"]


def test_workers_of_this_machine_take_their_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with Local(workers=2, gpus=1).open() as client:
        assert sorted(client.run(devices).values()) == [("4", "true"), ("5", "true")]
