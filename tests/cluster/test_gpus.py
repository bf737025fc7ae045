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


def test_workers_share_a_gpu_by_their_numbers():
    shared = {"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b", "DNNSA_GPUS": "1", "DNNSA_WORKERS_PER_GPU": "4"}
    found = [taken(f"dnnsa-7-{number}", **shared)["CUDA_VISIBLE_DEVICES"] for number in range(8)]
    assert found == ["GPU-a"] * 4 + ["GPU-b"] * 4
    with pytest.raises(RuntimeError, match="worker dnnsa-7-8 wants GPUs 2 to 2"):
        taken("dnnsa-7-8", **shared)


def test_no_framework_takes_all_memory_of_a_gpu_that_is_shared():
    shared = {"CUDA_VISIBLE_DEVICES": "0", "DNNSA_GPUS": "1", "DNNSA_WORKERS_PER_GPU": "2"}
    found = taken("1", **shared)
    assert (found["TF_FORCE_GPU_ALLOW_GROWTH"], found["XLA_PYTHON_CLIENT_PREALLOCATE"]) == ("true", "false")
    assert taken("1", XLA_PYTHON_CLIENT_PREALLOCATE="true", **shared)["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"
    assert "XLA_PYTHON_CLIENT_PREALLOCATE" not in taken("0", CUDA_VISIBLE_DEVICES="0", DNNSA_GPUS="1")


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


def test_workers_of_this_machine_share_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with Local(workers=3, gpus=1, workers_per_gpu=2).open() as client:
        assert sorted(client.run(devices).values()) == [("4", "true"), ("4", "true"), ("5", "true")]
