"""Every notebook runs from its first cell to its last, draws, and is kept without what it drew."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import xarray as xr
from nbclient import NotebookClient

import dnnsa
from dnnsa.view.progress import Quiet

ROOT = Path(__file__).parents[1]
DIGITS = ROOT / "examples" / "digits"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLIC = {"dnnsa", "matplotlib", "numpy", "xarray"} | set(sys.stdlib_module_names)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The digits example, its network trained, in a folder of its own."""
    folder = tmp_path_factory.mktemp("digits")
    shutil.copy(DIGITS / "train.py", folder)
    shutil.copy(DIGITS / "study.yaml", folder)
    shutil.copy(DIGITS / "weights.yaml", folder)
    made = [DIGITS / name for name in ("digits.keras", "heldout.npz")]
    if all(path.is_file() for path in made):
        for path in made:
            shutil.copy(path, folder)
    else:
        subprocess.run([sys.executable, "train.py"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def parameters(digits, example, client, tmp_path_factory):
    """What each notebook is told in place of its own parameters: small studies, in a folder of their own."""
    profile = tmp_path_factory.mktemp("profile") / "two.yaml"
    profile.write_text("{kind: local, workers: 2}", encoding="utf-8")
    study = {"study": str(digits / "study.yaml"), "store": str(digits / "cluster.zarr"), "base_points": 256}
    return {
        "attribution": {"folder": str(digits), "cases": 2, "base_points": 64},
        "digits": stored(digits, client),
        "weights": small(digits, client, weights=32),
        "cluster": {"profile": str(profile), **study},
        "heat": small(example("heat"), client, study=256, solver=256),
        "cancer": small(example("cancer"), client, study=32, replace=32, apart=32),
        "hyperparameters": {**small(example("hyperparameters"), client, study=8), "base_points": 8},
        "series": small(example("series"), client, study=64, windows=64),
    }


def small(folder, client, **base_points):
    """Studies of an example, run with so many base points, and where a notebook finds their stores."""
    for name, asked in base_points.items():
        whole = dnnsa.Study.from_yaml(folder / f"{name}.yaml")
        design = {**whole.document["design"], "base_points": asked}
        study = dnnsa.Study(directory=folder, **{**whole.document, "design": design})
        dnnsa.run(study, client, folder / f"{name}.zarr", reporter=Quiet())
    return {"folder": str(folder)}


def stored(digits, client):
    """The digits study at 16 cases and 64 base points, run, and where a notebook finds it."""
    study = dnnsa.Study.from_yaml(digits / "study.yaml")
    parts = {**study.document, "design": {**study.document["design"], "base_points": 64}}
    small = dnnsa.Study(directory=digits, **{**parts, "cases": {**parts["cases"], "count": 16}})
    dnnsa.run(small, client, digits / "study.zarr", reporter=Quiet())
    return {"store": str(digits / "study.zarr"), "images": str(digits / "heldout.npz")}


def executed(path, parameters, folder):
    """A notebook after it has run, with other parameters than its own; nothing is kept in the home folder."""
    notebook = read(path)
    (cell,) = (cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", []))
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
    resources = {"metadata": {"path": str(path.parent)}}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
            patch.setenv(name, str(folder / name.lower()))
        return NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


@pytest.fixture(scope="module")
def finished(parameters, tmp_path_factory):
    """Every notebook after it has run, by its path."""
    return {path: executed(path, parameters[path.stem], tmp_path_factory.mktemp(path.stem)) for path in NOTEBOOKS}


def drawn(notebook):
    return [output for cell in code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]


def told(notebook):
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


@every_notebook
def test_a_notebook_runs_and_draws_and_warns_of_nothing(path, finished):
    notebook = finished[path]
    assert drawn(notebook)
    assert [output.text for cell in code(notebook) for output in cell.outputs if output.get("name") == "stderr"] == []


def test_the_digits_notebook_tells_each_digits_worst_corruption(finished, parameters):
    notebook = finished[ROOT / "notebooks" / "digits.ipynb"]
    assert len(drawn(notebook)) == 2
    assert "digits: complete, 64 base points" in told(notebook)
    told_of = parameters["digits"]
    data = dnnsa.open(told_of["store"])["p_true"]
    worst = data["factor"].values[data["ST"].values.argmax(axis=0)]  # (case,)
    with np.load(told_of["images"]) as file:
        labels = file["labels"][data["case"].values]
    table = code(notebook)[-1].outputs[0]["data"]["text/plain"].splitlines()
    rows = [line.split()[1:3] for line in table if line[:1].isdigit()][: len(labels)]
    assert rows == [[str(label), name] for label, name in zip(labels, worst, strict=True)]


def test_the_cluster_notebook_runs_on_the_workers_of_its_profile(finished, parameters, client):
    notebook = finished[ROOT / "notebooks" / "cluster.ipynb"]
    assert len(drawn(notebook)) == 2
    assert "digits: complete, 256 base points" in told(notebook)
    asked = parameters["cluster"]
    tasks = xr.open_zarr(Path(asked["store"]) / ".record" / "tasks", consolidated=False)
    assert set(tasks["worker"].values) == {"0", "1"}
    whole = dnnsa.Study.from_yaml(asked["study"])
    parts = {**whole.document, "design": {**whole.document["design"], "base_points": 256}}
    other = Path(asked["store"]).with_name("other.zarr")
    mine = dnnsa.run(dnnsa.Study(directory=whole.directory, **parts), client, other, reporter=Quiet())
    for name, array in mine["p_true"].data_vars.items():
        np.testing.assert_array_equal(dnnsa.open(asked["store"])["p_true"][name], array, err_msg=name)


def test_the_attribution_notebook_finds_pixels_that_count_and_pixels_that_do_not(finished):
    text = told(finished[ROOT / "notebooks" / "attribution.ipynb"])
    counts = re.findall(r"digit \d: (\d+) of 64 pixels surely above 0.02, (\d+) surely below", text)
    assert len(counts) == 2
    assert all(int(above) > 0 and int(below) > 10 for above, below in counts)


def test_the_weights_notebook_ranks_rotation_before_noise_on_layers(finished):
    text = told(finished[ROOT / "notebooks" / "weights.ipynb"])
    assert "32 base points; quantities: margin, loss, right" in text
    assert re.search(r"margin: rotation .*conv .*dense ", text)


def test_the_cancer_notebook_sees_that_mixed_patients_do_not_exist(finished):
    assert "in 86% of those who get the one of one patient" in told(finished[ROOT / "notebooks" / "cancer.ipynb"])


def test_the_series_notebook_finds_the_speed_of_the_pendulum_in_what_a_delay_does(finished):
    lines = told(finished[ROOT / "notebooks" / "series.ipynb"]).splitlines()
    rows = [line.split() for line in lines if " rad " in line]
    assert len(rows) == 8
    assert min(float(row[2]) for row in rows) > 0.6


def test_the_heat_notebook_ranks_surrogates_by_their_maps(finished):
    rows = [line.split() for line in told(finished[ROOT / "notebooks" / "heat.ipynb"]).splitlines() if "|" in line]
    mean = {row[0]: float(row[7]) for row in rows if row[0].startswith("from_")}  # error of ST
    assert mean["from_25"] > mean["from_100"] > mean["from_400"]


def test_the_hyperparameters_notebook_tells_which_factors_stand_out_from_luck(finished, parameters):
    notebook = finished[ROOT / "notebooks" / "hyperparameters.ipynb"]
    assert len(drawn(notebook)) == 2
    store = Path(parameters["hyperparameters"]["folder"], "study.zarr")
    runs, error = dnnsa.runs(store), dnnsa.open(store)["error"]
    assert f"{len(runs)} trainings, " in told(notebook)
    assert f"test error: best {runs['error'].min():.3f}, " in told(notebook)
    luck = float(error["ST_upper"].sel(factor="seed"))
    above = [str(name) for name in error["factor"].values[error["ST_lower"].values > luck]]
    (line,) = re.findall("above luck:(.*)", told(notebook))
    assert [name for name in line.strip().split(", ") if name] == above


@pytest.mark.slow
def test_the_digits_notebook_runs_a_study_where_there_is_no_store(digits, tmp_path):
    for name in ("study.yaml", "digits.keras", "heldout.npz"):
        shutil.copy(digits / name, tmp_path)
    here = {"store": str(tmp_path / "study.zarr"), "images": str(tmp_path / "heldout.npz")}
    notebook = executed(ROOT / "notebooks" / "digits.ipynb", here, tmp_path)
    assert "digits: complete, 256 base points" in told(notebook)
    assert not (tmp_path / "study.zarr").exists()  # `dnnsa run` would find another study there


@every_notebook
def test_no_output_is_kept(path):
    assert [cell.outputs for cell in code(read(path)) if cell.outputs] == []
    assert [cell.execution_count for cell in code(read(path)) if cell.execution_count] == []


@every_notebook
def test_a_notebook_is_valid_and_short_and_asks_one_question(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len(notebook.cells) < 10
    assert notebook.cells[0].source.splitlines()[0].endswith("?")


@every_notebook
def test_a_notebook_uses_public_names_only(path):
    nodes = [node for cell in code(read(path)) for node in ast.walk(ast.parse(cell.source))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in modules} <= PUBLIC
    assert [name for name in modules if name.startswith("dnnsa.")] == []
    attributes = {n.attr for n in nodes if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "dnnsa"}
    assert attributes <= set(dnnsa.__all__)
