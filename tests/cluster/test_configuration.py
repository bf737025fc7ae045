"""What dask's own configuration says of a batch system is honoured, told, and gives way to the profile."""

import dask
import pytest

from dnnsa.cluster import configuration, show
from dnnsa.errors import ProfileError
from dnnsa.view.workers import origin
from tests.cluster.profiles import configured, profile

SITE = """
jobqueue:
  slurm:
    name: site
    queue: gpu
    account: abc
    cores: 8
    processes: 4
    memory: 60GB
    job-mem: 68GB
    walltime: "04:00:00"
    interface: ib0
    local-directory: $TMPDIR
    log-directory: /logs
    shared-temp-directory: /net
    job-extra-directives: ["--gres=gpu:1"]
    job-script-prologue: ["module load cuda"]
    job-directives-skip: ["-J"]
    worker-extra-args: ["--no-reconnect"]
    death-timeout: 60
    python: /site/python
    shebang: "#!/bin/zsh"
    scheduler-options: {interface: eth1, dashboard_address: "127.0.0.1:9999"}
"""


@pytest.fixture(autouse=True)
def as_it_was():
    before, paths = dask.config.collect(), [*dask.config.paths]
    yield
    dask.config.paths[:] = paths
    dask.config.refresh()
    assert dask.config.collect() == before


@pytest.fixture
def site(tmp_path):
    configured(tmp_path, SITE)


def test_a_site_can_say_it_all(site, tmp_path):
    asked = profile(tmp_path, "kind: slurm\nworkers: 2\n")
    text = show(asked).script
    for line in (
        "#!/bin/zsh",
        "#SBATCH -o /logs/site-%J.out",
        "#SBATCH -p gpu",
        "#SBATCH -A abc",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=64850M",
        "#SBATCH -t 04:00:00",
        "#SBATCH --gres=gpu:1",
        "module load cuda",
        "export DNNSA_JOB_WALLTIME=14400",
    ):
        assert f"{line}\n" in text
    assert "#SBATCH -J" not in text
    assert "/site/python -m distributed.cli.dask_worker" in text
    assert "--name site-0 --nthreads 1 --memory-limit 55.88GiB --nanny --death-timeout 60" in text
    assert "--local-directory $TMPDIR --no-reconnect --preload" in text
    assert "--interface ib0" in text
    assert "--tls-ca-file /net/keys-RUN" in text
    assert asked.request().scheduler == {"interface": "eth1", "dashboard_address": "127.0.0.1:9999"}


def test_what_came_from_there_is_told(site, tmp_path):
    shown = show(profile(tmp_path, "kind: slurm\nworkers: 2\nqueue: mine\n"))
    told = origin(shown)
    assert "from dask's configuration:\n" in told
    assert "  jobqueue.slurm.account: abc\n" in told
    assert "jobqueue.slurm.queue" not in told
    assert "  jobqueue.slurm.processes: 4 (left out: `workers_per_job` says it)" in told


def test_the_profile_comes_first(site, tmp_path):
    text = show(
        profile(
            tmp_path,
            "kind: slurm\nworkers: 2\nname: mine\nqueue: cpu\nmemory: 2GB\nwalltime: 00:20:00\ncores: 2\nprologue: []\n"
            "directives: [-C x]\nskip_directives: []\nlog_directory: /mine\ndashboard: 8787\n",
        )
    ).script
    for line in (
        "-J mine",
        "-p cpu",
        "--mem=2194M",
        "-t 00:20:00",
        "--cpus-per-task=2",
        "-C x",
        "-o /mine/mine-%J.out",
    ):
        assert f"#SBATCH {line}\n" in text
    assert "module load" not in text
    assert "--gres" not in text


def test_the_defaults_of_dask_jobqueue_are_nobodys_wish(tmp_path):
    shown = show(profile(tmp_path, "kind: slurm\nworkers: 2\nmemory: 1GB\n"))
    assert shown.from_dask == {}
    assert "dask's configuration" not in origin(shown)


@pytest.mark.parametrize(("kind", "taken"), [("pbs", False), ("sge", True)])
def test_resources_of_the_site_stand_where_the_profile_has_no_words_for_them(tmp_path, kind, taken):
    configured(tmp_path, f"jobqueue: {{{kind}: {{resource-spec: 'select=1:mem=9GB'}}}}")
    text = show(profile(tmp_path, f"kind: {kind}\nworkers: 2\nmemory: 1GB\n")).script
    assert ("-l select=1:mem=9GB" in text) == taken


def test_a_name_that_was_given_up_is_told(tmp_path):
    configured(tmp_path, "jobqueue: {slurm: {env-extra: [module load x]}}")
    with pytest.raises(
        ProfileError, match=r"jobqueue.slurm.env-extra of dask's configuration is now called `job-script-pro"
    ):
        show(profile(tmp_path, "kind: slurm\nworkers: 2\nmemory: 1GB\n"))


def test_a_time_that_cannot_be_read_is_told(tmp_path):
    configured(tmp_path, "jobqueue: {slurm: {walltime: 4h}}")
    with pytest.raises(ProfileError, match=r"jobqueue.slurm.walltime of dask's configuration must be HH:MM:SS"):
        show(profile(tmp_path, "kind: slurm\nworkers: 2\nmemory: 1GB\n"))


def test_what_the_user_has_set_of_dask_itself_stands(tmp_path):
    everything = {**configuration.SCHEDULER, **configuration.WORKERS}
    assert configuration.missing(everything) == everything
    configured(tmp_path, "distributed: {worker: {memory: {pause: 0.7}}}")
    assert everything.keys() - configuration.missing(everything).keys() == {"distributed.worker.memory.pause"}
    text = show(profile(tmp_path, "kind: slurm\nworkers: 2\nmemory: 1GB\n")).script
    assert "MEMORY__PAUSE" not in text
    assert "export DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=False\n" in text


def test_every_setting_is_one_that_dask_knows():
    import distributed  # noqa: F401

    defaults = dask.config.merge(*dask.config.defaults)
    for key in {**configuration.SCHEDULER, **configuration.WORKERS}:
        dask.config.get(key, config=defaults)
