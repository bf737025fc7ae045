"""What is asked of each batch system, as text."""

from pathlib import Path

import pytest

from dnnsa.cluster import KINDS, read_profile, show
from dnnsa.cluster.request import Batch
from tests.cluster.profiles import PYTHON, directives, profile, script

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "clusters").glob("*.yaml"))
BATCH = [kind for kind in KINDS if kind not in ("local", "address")]
QUEUED = [kind for kind in BATCH if kind != "htcondor"]
RICH = "queue: q\naccount: a\nwalltime: 1-02:00:00\ncores: 4\ngpus: 2\nworkers_per_job: 2\nlog_directory: /logs\n"
HEADERS = {
    "slurm": (
        "#SBATCH ",
        "",
        [
            "-J dnnsa",
            "-e /logs/dnnsa-%J.err",
            "-o /logs/dnnsa-%J.out",
            "-p q",
            "-A a",
            "-n 1",
            "--cpus-per-task=8",
            "--mem=4387M",
            "-t 26:00:00",
            "-N 1",
            "--gres=gpu:4",
        ],
    ),
    "pbs": (
        "#PBS ",
        "",
        [
            "-N dnnsa",
            "-q q",
            "-A a",
            "-l select=1:ncpus=8:mem=4387MB:ngpus=4",
            "-l walltime=26:00:00",
            "-e /logs/",
            "-o /logs/",
        ],
    ),
    "moab": (
        "#PBS ",
        "",
        [
            "-N dnnsa",
            "-q q",
            "-A a",
            "-l nodes=1:ppn=8:gpus=4,mem=4387MB",
            "-l walltime=26:00:00",
            "-e /logs/",
            "-o /logs/",
        ],
    ),
    "lsf": (
        "#BSUB ",
        "",
        [
            "-J dnnsa",
            "-e /logs/dnnsa-0-%J.err",
            "-o /logs/dnnsa-0-%J.out",
            "-q q",
            '-P "a"',
            "-n 8",
            '-R "span[hosts=1]"',
            "-M 4600103",
            "-W 26:00",
            '-gpu "num=4"',
        ],
    ),
    "sge": (
        "#$ ",
        "parallel_environment: smp\nresource_spec: h_vmem=3G\n",
        [
            "-N dnnsa",
            "-q q",
            "-P a",
            "-l h_vmem=3G",
            "-l h_rt=26:00:00",
            "-e /logs/",
            "-o /logs/",
            "-cwd",
            "-j y",
            "-S /bin/bash",
            "-pe smp 8",
        ],
    ),
    "oar": (
        "#OAR ",
        "memory_property: memcore\n",
        [
            "-n dnnsa",
            "-q q",
            "--project a",
            "-l /nodes=1/gpu=4,walltime=26:00:00",
            "-O /logs/dnnsa-%jobid%.out",
            "-E /logs/dnnsa-%jobid%.err",
            "-p memcore>=1908",
        ],
    ),
}


@pytest.mark.parametrize("kind", QUEUED)
def test_a_job_asks_for_what_the_profile_says(tmp_path, kind):
    prefix, more, expected = HEADERS[kind]
    assert directives(tmp_path, kind, prefix, RICH + more) == expected


def test_a_job_of_htcondor_asks_for_what_the_profile_says(tmp_path):
    text = (
        "cores: 4\ngpus: 1\ndisk: 3GB\ndirectives: ['Requirements = (Arch == \"X86_64\")']\nprologue: [module load x]\n"
    )
    lines = script(tmp_path, "htcondor", text)
    for line in (
        "RequestCpus = 4",
        "RequestMemory = 2194",
        "Request_GPUs = 1",
        "MY.DaskWorkerDisk = 3000000000",
        'Requirements = (Arch == "X86_64")',
    ):
        assert line in lines
    (arguments,) = [line for line in lines if line.startswith("Arguments")]
    assert "; module load x; /opt/python -m distributed.cli.dask_worker tls://" in arguments
    assert "$(" not in arguments  # which HTCondor would fill in itself


@pytest.mark.parametrize("kind", BATCH)
def test_a_worker_has_one_thread_its_memory_and_keys_that_are_named_for_each_run(tmp_path, kind):
    command = "\n".join(script(tmp_path, kind))
    for words in (
        f"{PYTHON} -m distributed.cli.dask_worker tls://SCHEDULER:PORT --name dnnsa-0",
        "--nthreads 1 --memory-limit 1.86GiB --nanny",
        "--death-timeout 120",
        "--preload dnnsa.cluster.preload --dashboard-address 127.0.0.1:0",
        "--tls-ca-file /net/keys-RUN/authority.pem --tls-cert /net/keys-RUN/job.pem",
    ):
        assert words in command
    assert "BEGIN" not in command


@pytest.mark.parametrize("kind", QUEUED)
def test_workers_know_when_their_job_ends(tmp_path, kind):
    lines = script(tmp_path, kind, "walltime: 00:10:00\n")
    assert "export DNNSA_JOB_START=`date +%s`" in lines
    assert "export DNNSA_JOB_WALLTIME=600" in lines
    assert "export DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=False" in lines


@pytest.mark.parametrize("kind", BATCH)
def test_workers_of_a_job_share_out_its_gpus(tmp_path, kind):
    more = "parallel_environment: smp\n" if kind == "sge" else ""
    several = "\n".join(script(tmp_path, kind, f"gpus: 2\nworkers_per_job: 2\n{more}"))
    assert "--nworkers 2" in several
    assert "export DNNSA_GPUS=2" in several
    assert "DNNSA_GPUS" not in "\n".join(script(tmp_path, kind, "gpus: 2\n"))  # the batch system binds them
    assert "resources" not in several


def test_a_job_whose_workers_share_gpus_asks_for_as_many_as_they_need(tmp_path):
    text = "workers: 8\nmemory: 1GB\ngpus: 1\nworkers_per_job: 8\nworkers_per_gpu: 4\n"
    (tmp_path / "shared.yaml").write_text(f"kind: slurm\nshared_directory: /net\n{text}", encoding="utf-8")
    lines = show(read_profile(tmp_path / "shared.yaml")).script.splitlines()
    assert "#SBATCH --gres=gpu:2" in lines
    assert "export DNNSA_GPUS=1" in lines
    assert "export DNNSA_WORKERS_PER_GPU=4" in lines


def test_jobs_of_an_array_have_names_of_their_own(tmp_path):
    text = "\n".join(script(tmp_path, "slurm", "array: true\nworkers_per_job: 2\n"))
    assert "#SBATCH --array=0-0\n" in text
    assert "--name dnnsa-$SLURM_ARRAY_TASK_ID-0 " in text
    assert show(profile(tmp_path, "kind: slurm\nmemory: 1GB\nworkers: 40\narray: true\n")).jobs == 1


def test_what_the_user_adds_stands_after_what_dnnsa_asks_for_and_what_the_site_refuses_is_left_out(tmp_path):
    text = (
        'prologue: ["module load cuda"]\ndirectives: ["-C v100", "--hint=nomultithread"]\nskip_directives: [--mem=]\n'
    )
    lines = script(tmp_path, "slurm", text)
    assert lines.index("#SBATCH -N 1") < lines.index("#SBATCH -C v100") < lines.index("#SBATCH --hint=nomultithread")
    assert lines[-2] == "module load cuda"
    assert not [line for line in lines if "--mem=" in line]


def test_more_memory_can_be_asked_for_than_workers_have(tmp_path):
    assert "--mem=9537M" in directives(tmp_path, "slurm", "#SBATCH ", "job_memory: 10GB\n")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_ready_profile_is_read_and_its_script_shown(path, monkeypatch):
    monkeypatch.setenv("WORK", "/net/w")
    ready = read_profile(path)
    if not isinstance(ready, Batch):
        assert ready.kind == "local"
        return
    shown = show(ready)
    assert shown.jobs >= 1
    assert "dask_worker tls://" in shown.script


def test_there_are_ready_profiles():
    assert [path.stem for path in EXAMPLES] == ["cpu-slurm", "gpu-slurm", "grid5000", "jean-zay", "laptop"]
