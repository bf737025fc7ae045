"""The heat example: exact index maps, met by the solver and by surrogates as far as they are good."""

import importlib.util

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import splu

import dnnsa
from dnnsa.errors import StudyError
from dnnsa.reading import read_file
from dnnsa.view.progress import Quiet


@pytest.fixture(scope="module")
def heat(example):
    spec = importlib.util.spec_from_file_location("examples_heat", example("heat") / "heat.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(client, example, tmp_path_factory):
    def run(name):
        parts = read_file(example("heat") / f"{name}.yaml", StudyError)
        parts["design"]["base_points"] = 1024
        study = dnnsa.Study(directory=example("heat"), **parts)
        return dnnsa.run(study, client, tmp_path_factory.mktemp("heat") / "out.zarr", reporter=Quiet())

    return run


@pytest.fixture(scope="module")
def surrogates(run):
    return run("study")


@pytest.fixture(scope="module")
def exact(example):
    with np.load(example("heat") / "exact.npz") as file:
        return dict(file)


def test_the_solver_is_implicit_euler(heat):
    n, square = heat.N, (heat.N, heat.N)
    step = heat.LENGTH / (n + 1)
    line = sp.diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=square) / step**2
    laplace = sp.kron(line, sp.eye_array(n)) + sp.kron(sp.eye_array(n), line)
    solved = splu((sp.eye_array(n * n) - heat.DT * heat.DIFFUSIVITY * laplace).tocsc())
    sides = np.zeros(square)  # (y, x)
    sides[:, 0] += 200
    sides[:, -1] += 300
    sides[0] += 400
    sides[-1] += 150
    u, steps = np.full(n * n, 250.0), [round(time / heat.DT) for time in heat.TIMES]
    for step_number in range(1, max(steps) + 1):
        u = solved.solve(u + heat.DT * heat.DIFFUSIVITY * sides.ravel() / step**2)
        if step_number in steps:
            mine = heat.solve(*np.array([[250.0], [200.0], [300.0], [400.0], [150.0]]))
            np.testing.assert_allclose(mine[0, steps.index(step_number)].ravel(), u, rtol=1e-10)


def test_a_study_of_the_solver_meets_the_exact_maps(run, exact):
    output = run("solver")["output"]
    for index in ("S1", "ST"):
        np.testing.assert_allclose(output[index], exact["indices"], atol=0.01)
    np.testing.assert_allclose(np.sqrt(output["variance"]), exact["sd"], rtol=0.02)


def whole(exact):
    weights = exact["sd"] ** 2 / np.sum(exact["sd"] ** 2)
    return np.sum(exact["indices"] * weights, axis=(1, 2, 3))  # (factor,)


def test_a_surrogate_of_400_simulations_has_the_right_maps(surrogates, exact):
    good = surrogates["from_400"]
    np.testing.assert_allclose(good["ST"], exact["indices"], atol=0.02)
    np.testing.assert_allclose(good["ST_aggregated"], whole(exact), atol=0.005)


def test_the_fewer_simulations_the_worse_the_maps_and_intervals_do_not_say_so(surrogates, exact):
    names = ["from_25", "from_100", "from_400"]
    wrong = [np.abs(surrogates[name]["ST"].values - exact["indices"]).mean() for name in names]
    error = np.sqrt(np.mean(exact["rmse"] ** 2, axis=(1, 2, 3)))  # (surrogate,), K
    assert list(error) == sorted(error, reverse=True)
    assert wrong[0] > 3 * wrong[1] > 3 * wrong[2]
    bad = surrogates["from_25"]
    inside = (bad["ST_lower"].values <= exact["indices"]) & (exact["indices"] <= bad["ST_upper"].values)
    assert inside.mean() < 0.5
