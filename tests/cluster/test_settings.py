"""What a profile may not say, with the words that it is told with."""

import dataclasses

import pytest

from dnnsa.cluster import KINDS
from dnnsa.cluster.job import NAMES, PATHS, JobSettings
from dnnsa.cluster.walltime import clock, seconds
from dnnsa.errors import ProfileError
from tests.cluster.profiles import LEAST, profile

BATCH = [kind for kind, of in KINDS.items() if issubclass(of, JobSettings)]
TEXTS = (*NAMES, *PATHS, "parallel_environment", "memory_property", "disk")
EVIL = ["a b", "a;b", "a&b", "a|b", "$(b)", "`b`", "a>b", "a<b", "a'b", 'a"b', "a\nb", "a\\b", "a*b", "#b"]


def refused(folder, text):
    with pytest.raises(ProfileError) as error:
        profile(folder, text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "say either `workers: N` or `adapt: {minimum: N, maximum: N}`, got neither"),
        ("workers: 1\nadapt: {maximum: 2}", "got both"),
        ("workers: 0", "`workers` must be 1 or more, got 0"),
        ("workers: 3\nworkers_per_job: 2", "`workers` must be a multiple of workers_per_job: 2, got 3"),
        ("adapt: {minimum: 1, maximum: 2}\nworkers_per_job: 2", "`adapt.minimum` must be a multiple of"),
        ("adapt: {minimum: 3, maximum: 2}", "no less than it, got minimum: 3, maximum: 2"),
        ("adapt: {maximum: 0}", "got minimum: 0, maximum: 0"),
        ("adapt: {maximum: 2, most: 3}", "adapt: unknown key `most`"),
        ("adapt: {minimum: 1}", "adapt: `maximum` is missing"),
        ("workers: 2\nmemory: 16", "memory: must be a valid string, got 16"),
        ('workers: 2\nmemory: "16"', "`memory` must be a size with its unit, such as 16GB, got '16'"),
        ("workers: 2\nmemory: much", "`memory` must be a size with its unit"),
        ("workers: 2\nmemory: 4GB\njob_memory: 3GB", "`job_memory` must hold the `memory` of 1 workers"),
        ("workers: 2\ngpus: -1", "`gpus` must be 0 or more, got -1"),
        ("workers: 2\ngpus: 2\nworkers_per_gpu: 2", "with a part of one GPU: say `gpus: 1`, got 2"),
        (
            "workers: 4\ngpus: 1\nworkers_per_job: 4\nworkers_per_gpu: 3",
            "`workers_per_job` must be a multiple of workers_per_gpu: 3, got 4",
        ),
        ("workers: 2\ndashboard: 70000", "`dashboard` must be a port from 0 to 65535, got 70000"),
        ("workers: 2\nwalltime: 4h", '`walltime` must be HH:MM:SS or D-HH:MM:SS, such as 04:00:00, got "4h"'),
        ("workers: 2\nwalltime: 00:00:00", "`walltime` must be HH:MM:SS"),
        ("adapt: {maximum: 2}\narray: true", "`array: true` is for a fixed number of workers"),
        ('workers: 2\ndirectives: ["#SBATCH -C x"]', "`directives` must hold one directive a line, without #SBATCH"),
        ('workers: 2\ndirectives: ["-C x\\nrm y"]', "`directives` must hold one directive a line"),
        ("workers: 2\nworker: 2", "unknown key `worker`: did you mean `workers`?"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, text, told):
    assert told in refused(tmp_path, f"kind: slurm\n{text}\n")


def test_all_mistakes_are_told_at_once(tmp_path):
    told = refused(tmp_path, "kind: slurm\nworkers: 2\nadapt: {maximum: 2}\ngpus: -1\nname: a b\nmemory: much\n")
    for words in ("got both", "`gpus` must be", "`name` stands unquoted", "`memory` must be a size"):
        assert words in told
    told = refused(tmp_path, "kind: slurm\nworkers: two\nqueu: x\n")
    for words in ("workers: must be a valid integer", "unknown key `queu`: did you mean `queue`?"):
        assert words in told


@pytest.mark.parametrize("kind", BATCH)
@pytest.mark.parametrize("evil", EVIL)
def test_what_stands_unquoted_in_a_script_has_no_words_of_the_shell(tmp_path, kind, evil):
    names = {field.name for field in dataclasses.fields(KINDS[kind])}
    for name in [name for name in TEXTS if name in names]:
        with pytest.raises(ValueError, match=f"`{name}` stands unquoted in the job script"):
            KINDS[kind](workers=2, **{name: evil})


def test_every_text_that_stands_in_a_script_is_looked_at():
    quoted = {"memory", "job_memory", "walltime"}  # which have a form of their own
    for kind in BATCH:
        texts = {field.name for field in dataclasses.fields(KINDS[kind]) if field.type in ("str | None", str | None)}
        assert texts - quoted <= set(TEXTS), kind


def test_grid_engine_must_be_told_its_word_for_several_cores(tmp_path):
    made = profile(tmp_path, f"kind: sge\n{LEAST}cores: 2\n")
    with pytest.raises(
        ProfileError, match="`parallel_environment` is missing: a job has 2 cores, and `qconf -spl` lists"
    ):
        made.request()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("skip_directives: [x]", "`skip_directives` has nothing to skip here"),
        ("directives: [Rank]", "`directives` must be attributes such as"),
        ("queue: x", "unknown key `queue`"),
        ("walltime: 04:00:00", "unknown key `walltime`"),
    ],
)
def test_htcondor_has_words_of_its_own(tmp_path, text, told):
    assert told in refused(tmp_path, f"kind: htcondor\n{LEAST}{text}\n")


def test_memory_must_be_said_somewhere(tmp_path):
    made = profile(tmp_path, "kind: slurm\nworkers: 2\n")
    with pytest.raises(
        ProfileError, match="`memory` is missing: say what a worker has, such as `memory: 16GB`, here or in jobq"
    ):
        made.request()


def test_a_folder_with_a_variable_that_is_not_set_is_told(tmp_path):
    made = profile(tmp_path, "kind: slurm\nworkers: 2\nmemory: 1GB\nshared_directory: $NO_SUCH/keys\n")
    with pytest.raises(ProfileError, match="`shared_directory`: a variable is not set on this host, got"):
        made.request()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("address: localhost:8786", "`address` must be tls://HOST:PORT or tcp://HOST:PORT, got localhost:8786"),
        ("address: tls://host", "`address` must be tls://HOST:PORT"),
        ("address: tcp://host:1\ntimeout: 0", "`timeout` must be more than 0 seconds, got 0"),
        ("address: tcp://host:1\ntls_ca_file: x", "are for an address that begins with tls://"),
        ("", "`address` is missing"),
    ],
)
def test_an_address_must_be_one(tmp_path, text, told):
    assert told in refused(tmp_path, f"kind: address\n{text}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("workers: 0", "`workers` must be 1 or more, got 0"),
        ("gpus: -1", "`gpus` must be 0 or more, got -1"),
        ("gpus: 1", "say how many `workers` share the GPUs"),
        ("workers: 2\nworkers_per_gpu: 2", "with a part of one GPU: say `gpus: 1`, got 0"),
        ("workers: 2\ngpus: 1\nworkers_per_gpu: 0", "`workers_per_gpu` must be 1 or more, got 0"),
    ],
)
def test_what_this_machine_cannot_do_is_told(tmp_path, text, told):
    assert told in refused(tmp_path, f"kind: local\n{text}\n")


def test_a_time_is_read_and_written():
    assert [seconds(text) for text in ("00:00:01", "2-00:00:00", "100:00:00", "1:60:00", "10", "")] == [
        1,
        172_800,
        360_000,
        None,
        None,
        None,
    ]
    assert clock(172_799) == "47:59:59"
