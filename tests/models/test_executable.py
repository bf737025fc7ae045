"""A program is run once for each run, and what goes wrong with one is told."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnsa import Study
from dnnsa.engine.block import Job, draws, guarded
from dnnsa.engine.plan import Field
from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Executable
from dnnsa.models.base import Evaluator

VALUES = {"x": np.array([1.0, 2.0, np.nan]), "name": np.array(["a", "b; c", "$HOME"], dtype=object)}
PYTHON = f"#!{sys.executable}\nimport json, sys, pathlib\n"
READ = "given = json.load(open(sys.argv[1]))\n"
COMMAND = ("./solver", "{parameters}", "{results}")


def write(folder: Path, source: str, name: str = "solver") -> None:
    (folder / name).write_text(PYTHON + source, encoding="utf-8")
    (folder / name).chmod(0o755)


def load(folder: Path, source: str, command: tuple[str, ...] = COMMAND, **settings: Any) -> Evaluator:
    write(folder, source)
    model = Executable(command=command, **settings)
    return model.load(folder, {setting: digest(path) for setting, path in model.files(folder).items()})


def failure(folder: Path, source: str, **settings: Any) -> str:
    with pytest.raises(RuntimeError) as error:
        load(folder, source, **settings).run({"x": np.array([1.0])})
    return str(error.value)


def test_parameters_go_out_as_json_and_results_come_back_by_name(tmp_path):
    source = READ + "x = given['x']\nout = {'y': x, 'pair': [[1, x], [None, 4]], 'said': len(given['name'])}\n"
    run = load(tmp_path, source + "json.dump(out, open(sys.argv[2], 'w'))").run
    outputs = run(VALUES)
    np.testing.assert_array_equal(outputs["y"], [1, 2, np.nan])
    np.testing.assert_array_equal(outputs["pair"][1], [[1, 2], [np.nan, 4]])
    assert outputs["said"].tolist() == [1, 4, 5]  # no shell has seen them


def test_results_may_be_arrays(tmp_path):
    source = READ + "import numpy as np\nnp.savez(sys.argv[2], y=np.array([given['x'], 2], 'float32'))"
    y = load(tmp_path, source, results="results.npz").run({"x": np.array([5.0, 6.0])})["y"]
    assert (y.tolist(), y.dtype) == ([[5, 2], [6, 2]], np.float32)


def test_each_run_has_a_fresh_folder_that_goes_with_it(tmp_path):
    source = (
        "here = pathlib.Path.cwd()\nassert [p.name for p in here.iterdir()] == ['parameters.json']\n"
        "study = pathlib.Path(sys.argv[1])\n(study / 'seen').open('a').write(f'{here}\\n')\n"
        "pathlib.Path('results.json').write_text('{\"y\": 1}')"
    )
    load(tmp_path, source, ("{directory}/solver", "{directory}")).run({"x": np.zeros(2)})
    one, two = (tmp_path / "seen").read_text().split()
    assert one != two
    assert not Path(one).exists()


def test_an_installed_program_runs_a_file_beside_the_study(tmp_path):
    write(tmp_path, READ + "json.dump({'y': 2 * given['x']}, open('results.json', 'w'))", "run it.py")
    command = (sys.executable, "run it.py", "{parameters}", "x" * 5000)
    assert Executable(command=command).files(tmp_path) == {"model.command[1]": tmp_path / "run it.py"}
    assert load(tmp_path, "", command).run({"x": np.array([4.0])})["y"].tolist() == [8]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sys.exit('no water')", "the program ended with status 1 and said on standard error: no water"),
        ("sys.exit(3)", "the program ended with status 3 and said on standard error: nothing"),
        ("pass", "the program ended well and left no file results.json"),
        ("open(sys.argv[2], 'w')", "results.json is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("open(sys.argv[2], 'w').write('[1]')", 'results.json must hold quantities by name, such as {"y": 1.5}'),
        *(
            (
                f"open(sys.argv[2], 'w').write('{{\"y\": {value}}}')",
                "`y` in results.json is no number, and no lists of numbers of equal lengths",
            )
            for value in ('"1.5"', "[1, [2]]", '[1, "2"]', '[null, "2"]', "{}")
        ),
    ],
)
def test_a_run_that_fails_is_told(tmp_path, source, message):
    assert failure(tmp_path, source) == f"model.command: {message}"


def test_of_a_long_complaint_the_end_is_told(tmp_path):
    told = failure(tmp_path, "sys.exit('a' * 5000 + ' the end')")
    assert told.endswith("aaa the end")
    assert len(told) < 2200


def test_a_file_that_holds_no_arrays_is_told(tmp_path):
    told = failure(tmp_path, "open(sys.argv[2], 'w').write('no')", results="results.npz")
    assert told.startswith("model.command: results.npz is no .npz file of arrays: ")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    source = "import subprocess\nsubprocess.run(['sleep', '600'])"
    assert failure(tmp_path, source, timeout=1) == "model.command: the program ran for longer than `timeout`, 1 s"


def test_runs_that_name_other_quantities_are_told(tmp_path):
    source = READ + "json.dump({'y' if given['x'] else 'z': 1}, open(sys.argv[2], 'w'))"
    with pytest.raises(RuntimeError) as error:
        load(tmp_path, source).run({"x": np.array([1.0, 0.0])})
    assert str(error.value) == "model.command: a run gave ['z'] where another gave ['y']"


@pytest.mark.parametrize("word", ["./nothing", "{directory}/nothing"])
def test_a_missing_file_is_refused(tmp_path, word):
    with pytest.raises(ModelError) as error:
        Executable(command=(word,)).files(tmp_path)
    assert str(error.value) == (
        f"model.command[0]: there is no file {tmp_path / 'nothing'}: give the path of a program from the study file, "
        "or the name of an installed one."
    )


def test_a_changed_file_is_refused(tmp_path):
    write(tmp_path, "")
    with pytest.raises(ModelError, match=r"model.command\[0\]: on host .* is not the file that the study was started"):
        Executable(command=("solver",)).load(tmp_path, {"model.command[0]": "0" * 64})


def test_what_cannot_be_started_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"model.command\[0\]: host .* cannot start `no-such-solver`: it is no file"):
        Executable(command=("no-such-solver",)).load(tmp_path, {})
    (tmp_path / "plain").touch()
    model = Executable(command=("plain",))
    with pytest.raises(ModelError, match=r"cannot start `.*plain`: it is no file that may be executed \(`chmod \+x`"):
        model.load(tmp_path, {"model.command[0]": digest(tmp_path / "plain")})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"command": ()}, "`command` must begin with a program, got []: such as [./solver]"),
        ({"command": ("a",), "timeout": 0}, "`timeout` must be more than 0 seconds, got 0: leave it out for no limit"),
        (
            {"command": ("a",), "coords": {"t": (1,)}},
            "`coords` has values of `t`, and `dims` names no such dimension, only []",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Executable(**settings)
    assert str(error.value) == message


def test_in_a_study_a_run_that_fails_loses_its_base_point_and_no_other(tmp_path):
    source = READ + "assert given['b'] < 0.6, 'too much'\n"
    write(tmp_path, source + "json.dump({'y': [3, given['b']]}, open('results.json', 'w'))")
    study = Study(
        name="program",
        factors={name: {"kind": "uniform", "low": 0, "high": 1} for name in ("a", "b")},
        design={"kind": "sample", "base_points": 64},
        model={"kind": "executable", "command": list(COMMAND), "timeout": 60, "dims": {"y": ["part"]}},
        estimators=[{"kind": "moments"}],
        directory=tmp_path,
    )
    job = Job(study, study.digests())
    points = draws(job).points(0, 0, 8)
    b = draws(job).runs(points)["b"]  # (8, 1)
    answer = guarded(job, points, {"y": Field((2,), "float64", ("part",), {})})
    lost = np.flatnonzero(b[:, 0] >= 0.6)
    assert 0 < len(lost) < 8
    assert [failure.number for failure in answer.failures] == lost.tolist()
    assert answer.failures[0].cause.endswith("AssertionError: too much")
    y = np.delete(answer.outputs["y"], lost, axis=0)
    np.testing.assert_array_equal(y, np.stack([np.full_like(b, 3), b], axis=-1)[b[:, 0] < 0.6])
