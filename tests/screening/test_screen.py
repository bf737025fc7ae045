"""Screening a network's study: which factors are inert, the study that is written, and that its run bears it out."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

import dnnsa
from dnnsa.errors import InputError
from dnnsa.screening import study_of_bounds
from dnnsa.view.progress import Quiet
from dnnsa.view.screened import screening_summary

ROOT = Path(__file__).parents[2]
NETWORKS = ROOT / "examples" / "networks"
EXACT = json.loads((ROOT / "tests" / "reference" / "sobol_indices.json").read_text())
FIELD = (NETWORKS / "linear_field.yaml").read_text().replace("8192", "2048")
ST = np.array(EXACT["nn_linear_field"]["ST"])  # (component, factor); of a linear function of normal factors the bound


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """The example networks as files, and one of an image whose right half it does not look at."""
    folder = tmp_path_factory.mktemp("networks")
    spec = importlib.util.spec_from_file_location("examples_networks_build", NETWORKS / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    for name in ("linear_field", "quadratic"):
        weights = {k: np.array(v) for k, v in json.loads((NETWORKS / f"{name}.json").read_text()).items()}
        getattr(build, name)(weights).save(folder / f"{name}.keras")
    image = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    kernel = np.zeros((8, 8, 2), "float32")
    kernel[:, :4] = np.random.default_rng(0).normal(size=(8, 4, 2))
    kernel[:, 4:] = 1e-3
    image.set_weights([kernel.reshape(64, 2), np.zeros(2, "float32")])
    image.save(folder / "image.keras")
    np.savez(folder / "cases.npz", inputs=np.random.default_rng(1).random((3, 8, 8, 1), dtype="float32") + 0.5)
    return folder


@pytest.fixture(scope="module")
def field(networks):
    """The study of the linear network, whose bounds are in the store of the first screening for all others."""
    (networks / "linear_field.yaml").write_text(FIELD)
    return dnnsa.Study.from_yaml(networks / "linear_field.yaml")


@pytest.fixture
def folder(networks, tmp_path):
    for path in networks.glob("*.[kn]*"):
        shutil.copy(path, tmp_path)
    (tmp_path / "linear_field.yaml").write_text(FIELD)
    return tmp_path


MASKED = """# what the network looks at
name: masked  # three images
factors:
  # kept cells are 1
  cell: {kind: uniform, low: 0, high: 1, count: 16}  # 4 x 4
  # beside the cells
  lift: {kind: uniform, low: -0.5, high: 0.5}
  member: {kind: integers, low: 0, high: 3}
design: {kind: saltelli, base_points: 512, replicates: 4}
model: {kind: keras, path: image.keras}
cases: {path: cases.npz}
perturb:
  - {kind: mask, cells: cell, grid: [4, 4]}
  - {kind: brightness, delta: lift}
  - {kind: gaussian_noise, sd: 0.0, seed: member}
quantities:
  y: {kind: output}
"""


def bounds(found):
    return {bound.name: bound for bound in found.bounds}


def test_the_bounds_of_a_linear_network_are_its_exact_indices(client, field):
    found = dnnsa.screen(field, 0.15, client, reporter=Quiet())
    for k, bound in enumerate(found.bounds):
        assert bound.value == pytest.approx(ST[:, k].max(), rel=0.02)
        assert bound.lower <= bound.value <= bound.upper
        assert bound.place == {"component": ST[:, k].argmax()}
    assert found.inert == ("x2", "x5")
    assert found.together == pytest.approx(ST[:, [1, 4]].sum(axis=1).max(), rel=0.02)
    assert (found.runs, found.before, found.after) == (1024, 2048 * 8, 2048 * 7)
    assert (field.directory / "linear_field-screen.zarr").is_dir()
    assert {name: law.group for name, law in found.study.factors.items() if law.group} == {"x2": "inert", "x5": "inert"}


def test_the_written_study_has_the_same_indices_and_its_group_keeps_the_bound(client, field, tmp_path):
    found = dnnsa.screen(field, 0.15, client, reporter=Quiet())
    full, screened = (
        dnnsa.run(one, client, tmp_path / f"{name}.zarr", reporter=Quiet())["y"]
        for name, one in (("full", field), ("screened", found.study))
    )
    assert screened["factor"].values.tolist() == ["x1", "inert", "x3", "x4", "x6"]
    for name in ("x1", "x3", "x4", "x6"):
        one, other = (of.dataset.sel(factor=name) for of in (full, screened))
        for index in ("S1", "ST", "ST_lower", "ST_upper"):  # from the same runs, but for the last bits of a batch
            np.testing.assert_allclose(one[index], other[index], rtol=1e-9, atol=1e-12)
    group = screened.dataset.sel(factor="inert")
    assert (group["ST_lower"].values <= found.together).all()
    np.testing.assert_allclose(group["ST"], ST[:, [1, 4]].sum(axis=1), atol=0.02)


def test_a_quadratic_network_has_no_bound_below_its_index(client, folder):
    text = (NETWORKS / "quadratic.yaml").read_text()
    (folder / "quadratic.yaml").write_text(text)
    found = dnnsa.screen(dnnsa.Study.from_yaml(folder / "quadratic.yaml"), 0.01, client, reporter=Quiet())
    assert all(b.upper > st for b, st in zip(found.bounds, EXACT["nn_quadratic"]["ST"], strict=True))
    assert found.inert == ()
    assert found.study.name == "quadratic"


def test_a_mask_of_which_half_does_nothing_is_screened_from_the_command_line(command, client, folder):
    path = folder / "masked.yaml"
    path.write_text(MASKED)
    here = ("--cluster", folder / "here.yaml")
    (folder / "here.yaml").write_text(f"kind: address\naddress: {client.scheduler.address}\n")
    status, out, err = command("screen", path, "--below", 0.001, *here, "--base-points", 256)
    assert status == 0, err
    assert "\nmember   no bound " in out
    assert "\ninert: 8 factors of 18, below 0.001 in every cell\ngroup `inert` of them: ST is at most 0.0001\n" in out
    assert "\nruns: 10,240 before, 6,656 after; 256 with derivatives\nstudy: " in out
    assert out.endswith(f"study: {folder / 'masked.screened.yaml'}\nstore: {folder / 'masked.screen.zarr'}\n")
    text = (folder / "masked.screened.yaml").read_text()
    assert text.startswith(
        "# Screened by dnnsa from masked.yaml: each of 8 factors has a total index below 0.001\n"
        "# in every cell, by bounds from derivatives in 256 runs. They are the group `inert`,\n"
        "# whose ST is at most 0.0001: the ST that this study finds of it is the check.\n"
    )
    assert "# what the network looks at\nname: masked-screened # three images\n" in text
    assert "  # kept cells are 1\n  cell_0: {kind: uniform, low: 0, high: 1}\n  cell_1: {kind:" in text
    assert "  cell_15: {kind: uniform, low: 0, high: 1, group: inert} # 4 x 4\n  # beside the cells\n  lift:" in text
    written = dnnsa.Study.from_yaml(folder / "masked.screened.yaml")
    inert = [name for name, law in written.factors.items() if law.group == "inert"]
    assert inert == [f"cell_{4 * row + column}" for row in range(4) for column in (2, 3)]
    assert written.layout.runs == 2 + 8 + 2 + 1

    status, out, _ = command("show", folder / "masked.screen.zarr")
    assert status == 0
    assert "ST_bound" in out

    status, out, err = command("screen", path, "--below", 0.01)
    assert (status, out) == (2, "")
    assert err == f"error: {folder / 'masked.screened.yaml'}: is there already; give another --out, or --overwrite.\n"
    status, out, err = command("run", folder / "masked.screened.yaml", *here)
    assert status == 0
    group = dnnsa.open(folder / "masked.screened.zarr")["y"]["ST"].sel(factor="inert")
    assert group.dims == ("case", "dim_1")
    assert 0 < group.max() < 0.0001


def test_the_table_says_what_was_found_the_largest_first(client, field, capsys):
    Console(width=90).print(screening_summary(dnnsa.screen(field, 0.001, client, reporter=Quiet())))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line.split()[0] for line in lines[2:8]] == ["x3", "x1", "x4", "x6", "x2", "x5"]
    assert re.fullmatch(r"x1 +0\.6\d\d \[0\.\d+, 0\.\d+\] +y 0 +kept", lines[3])
    assert lines[-1] == "no bound is below 0.001: no study was written."
    Console(width=90).print(screening_summary(dnnsa.screen(field, 0.9, client, reporter=Quiet())))
    out = capsys.readouterr().out
    assert "inert: 6 factors of 6, below 0.9 in every cell\ngroup `inert` of them: ST is at most 1.1" in out
    assert out.endswith("that bound says nothing: look at the ST itself, or take a lower threshold\n")


def test_a_new_file_stays_in_the_folder_and_is_not_the_old_one(command, folder):
    path = folder / "linear_field.yaml"
    status, out, err = command("screen", path, "--below", 0.1, "--out", folder / "other" / "new.yaml")
    assert (status, out) == (2, "")
    assert err == (
        f"error: {folder / 'other' / 'new.yaml'}: must be in the study's folder, {folder}: paths in it are relative to "
        "that.\n"
    )
    status, _, err = command("screen", path, "--below", 0.1, "--out", path, "--overwrite")
    assert (status, err) == (2, f"error: {path}: is there already; give another --out, or --overwrite.\n")
    assert path.read_text() == FIELD
    status, _, err = command("screen", path, "--below", 1.5)
    assert (status, err) == (2, "error: below: must be between 0 and 1, a share of the variance, got 1.5.\n")


def test_a_group_is_inert_by_the_sum_of_its_bounds(client, folder):
    text = FIELD.replace("mean: 0, sd: 1}\n  x3", "mean: 0, sd: 1, group: pair}\n  x3")
    text = text.replace("sd: 0.25}", "sd: 0.25, group: pair}")
    (folder / "linear_field.yaml").write_text(text)
    study = dnnsa.Study.from_yaml(folder / "linear_field.yaml")
    found = dnnsa.screen(study, 0.11, client, reporter=Quiet())
    pair = bounds(found)["pair"]
    assert pair.factors == ("x2", "x5")
    assert pair.value == pytest.approx(ST[:, [1, 4]].sum(axis=1).max(), rel=0.02)
    assert found.inert == ()
    inert = dnnsa.screen(study, 0.15, client, reporter=Quiet())  # the store is read again
    assert inert.inert == ("x2", "x5")
    assert inert.study.factors["x2"].group == "inert"


def study(folder, **changed):
    return dnnsa.Study(directory=folder, **{**dnnsa.Study.from_yaml(folder / "masked.yaml").document, **changed})


def refusal(made, **options):
    with pytest.raises(InputError) as error:
        study_of_bounds(made, **options)
    return str(error.value)


def test_what_has_no_bound_is_refused_by_name(folder):
    (folder / "masked.yaml").write_text(MASKED)
    (folder / "line.py").write_text("def f(x):\n    return x\n")
    plain = study(folder)
    steps = [*plain.document["perturb"], {"kind": "pixelation", "size": 2.0}]
    assert refusal(study(folder, perturb=steps)) == (
        "perturb[3]: `pixelation` jumps as its factors change, and a bound from derivatives would be wrong: "
        "leave it out."
    )
    assert refusal(study(folder, design={"kind": "sample", "base_points": 256}, estimators=[{"kind": "moments"}])) == (
        "design.kind: screening saves runs of `saltelli` and `morris`, and a base point of `sample` costs the same "
        "whatever is in a group."
    )
    function = {"name": "line", "factors": {"x": {"kind": "uniform", "low": 0, "high": 1}}}
    line = dnnsa.Study(
        directory=folder,
        **function,
        design={"kind": "saltelli", "base_points": 64, "replicates": 1},
        model={"kind": "function", "call": "line:f"},
    )
    assert refusal(line) == (
        "model.kind: screening differentiates a network of Keras, and this is a `function` model: for one that returns "
        "its derivatives, see the estimator `dgsm`.\n"
        "design.replicates: the bounds need intervals, so 2 replicates or more, got 1."
    )
    assert refusal(plain, of=["z"]) == "of: no quantity `z`: use some of `y`."
    laws = plain.document["factors"]
    active = {**laws["lift"], "when": {"member": {"low": 1, "high": None}}}
    assert refusal(study(folder, factors={**laws, "lift": active})) == (
        "factors.lift.when: the model may jump where `lift` becomes active: leave one of the two out."
    )
    drawn = {"kind": "saltelli", "base_points": 64, "sequence": "monte_carlo"}
    assert refusal(study(folder, estimators=[{"kind": "sobol"}, {"kind": "hsic"}], design=drawn)).startswith(
        "The study would not take a group of factors:\nestimators[1]: `hsic`"
    )


def test_what_jumps_is_refused_unless_other_quantities_are_named(folder):
    (folder / "masked.yaml").write_text(MASKED)
    quantities = {"y": {"kind": "output"}, "right": {"kind": "correct"}}
    network = {"kind": "keras", "path": "image.keras", "outputs": "logits"}
    np.savez(folder / "cases.npz", inputs=np.ones((3, 8, 8, 1), "float32"), labels=np.zeros(3, int))
    cases = {"path": "cases.npz", "labels": "labels"}
    made = study(folder, quantities=quantities, model=network, cases=cases)
    assert refusal(made) == (
        "quantities.right: kind `correct` jumps or has no derivative, so nothing bounds what a factor does to it: "
        "leave it out, or name the others (`--of`)."
    )
    assert list(study_of_bounds(made, of=["y"]).quantities) == ["y", "slope_of_y"]
    ranked = study(
        folder, quantities=quantities, model=network, cases=cases, estimators=[{"kind": "sobol", "of": ["y"]}]
    )
    assert [one.quantity for one in study_of_bounds(ranked).estimators] == ["y"]


def test_the_sample_has_the_study_s_replicates_and_points_of_its_own(folder):
    (folder / "masked.yaml").write_text(MASKED)
    made = study(folder, design={"kind": "saltelli", "base_points": 384, "replicates": 6, "sequence": "halton"})
    design = study_of_bounds(made).design
    assert (design.base_points, design.replicates, design.seed, design.sequence) == (1536, 6, 1, "halton")
    assert study_of_bounds(made, base_points=96).design.base_points == 96
    walk = study(folder, design={"kind": "morris", "base_points": 64, "seed": 7}, estimators=[{"kind": "morris"}])
    design = study_of_bounds(walk).design
    assert (design.base_points, design.replicates, design.seed, design.sequence) == (1024, 4, 8, "sobol")
