"""One worker is started, asked what it is and sees, and stopped."""

import pytest

from dnnsa.cluster import Checked, Local, check
from dnnsa.cluster.check import problems
from dnnsa.cluster.probe import PACKAGES, Facts, Seen, facts, shared
from dnnsa.errors import ClusterError
from dnnsa.view.workers import check_table

HERE = Facts("front", "3.12.1", "/env/python", dict.fromkeys(PACKAGES, "1.0"), None, ("A100",), "")
WELL = Checked(HERE, HERE._replace(host="node"), Seen("/net/w", "", 10**9), Seen("/tmp/x", "", 10**9), ())


def printed(checked, width=200):
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=width)
    console.print(check_table(checked))
    return console.file.getvalue()


def test_a_worker_of_this_machine_is_what_this_process_is(tmp_path):
    said = []
    checked = check(Local(workers=4), tmp_path, wait=60, say=said.append)
    assert checked.problems == ()
    assert checked.here.versions == checked.there.versions
    assert checked.there.versions["dnnsa"]
    assert checked.folder.free > 0
    assert checked.scratch.free > 0
    assert list(tmp_path.iterdir()) == []
    assert checked.there.gpus_problem == ""
    text = printed(checked)
    assert "read and written" in text
    assert "differs" not in text


def test_a_folder_that_this_host_cannot_write_is_told(tmp_path):
    with pytest.raises(ClusterError, match=r"none/.dnnsa-check-.*: No such file or directory on this host"):
        check(Local(), tmp_path / "none", wait=60)


def test_a_worker_that_does_not_see_the_folder_says_which_file(tmp_path):
    assert shared(tmp_path, "question", "answer").problem == f"No such file or directory: {tmp_path / 'question'}"
    (tmp_path / "question").write_text("x")
    assert shared(tmp_path, "question", "answer").problem == ""
    assert (tmp_path / "answer").read_text() == "x"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({"python": "3.11.1"}, "Python is 3.11.1 on host node and 3.12.1 here"),
        ({"python": "3.12.9"}, None),
        ({"versions": HERE.versions | {"dnnsa": "0.9"}}, "dnnsa is 0.9 on host node and 1.0 here"),
        ({"versions": HERE.versions | {"numpy": "0.9"}}, None),
        ({"versions": HERE.versions | {"keras": None}}, "keras is not installed for /env/python on host node"),
        ({"gpus": ()}, "gpus: 1 asked for a worker, and TensorFlow sees 0 on host node"),
        ({"gpus": (), "gpus_problem": "ImportError: x"}, "TensorFlow does not start on host node: ImportError: x"),
    ],
)
def test_what_would_keep_a_study_from_running_is_told(there, told):
    checked = WELL._replace(there=WELL.there._replace(**there))
    assert list(problems(checked, gpus=1)) == [told] * bool(told) or told in " ".join(problems(checked, gpus=1))
    assert not list(problems(WELL, gpus=1))


def test_folders_that_are_of_no_use_are_told():
    checked = WELL._replace(
        folder=Seen("/net/w", "Permission denied: /net/w/x", 0), scratch=Seen("/tmp", "No space left", 0)
    )
    assert list(problems(checked, gpus=0)) == [
        "host node cannot use the working folder /net/w: Permission denied: /net/w/x",
        "host node cannot use its scratch folder /tmp: No space left",
    ]


def test_what_differs_is_marked_even_where_a_study_would_run():
    text = printed(WELL._replace(there=WELL.there._replace(versions=HERE.versions | {"numpy": "0.9"}, visible="3")))
    (line,) = [line for line in text.splitlines() if "differs" in line]
    assert "numpy" in line
    assert "0.9" in line
    assert "A100 (CUDA_VISIBLE_DEVICES=3)" in text


def test_facts_are_of_this_process():
    assert facts(look_for_gpus=False).versions["numpy"]
