"""Active subspaces against closed forms: quadratic functions, ridge functions, and a quadratic network."""

import importlib.util
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy import special, stats

import dnnsa
from dnnsa.estimators import ActiveSubspace, Block, Dgsm
from dnnsa.estimators.base import FLAGS
from dnnsa.layout import SAMPLE, TRAJECTORY, Layout, apart
from dnnsa.view.progress import Quiet
from dnnsa.view.table import summary

NETWORKS = Path(__file__).parents[2] / "examples" / "networks"
EPS = 2.0**-52
SUBSPACE = ActiveSubspace(quantity="f", gradient="df", directions=2)


@dataclass(frozen=True)
class Law:
    ppf: Any
    kind: str = "of a test"
    discrete: bool = False


UNIFORM, NORMAL, WIDE = Law(lambda u: u), Law(special.ndtri), Law(lambda u: 3 * special.ndtri(u))
HEAVY = Law(stats.lognorm(1).ppf, "lognormal")
CHOICE = Law(lambda u: np.floor(3 * u), "choice", discrete=True)
A = np.array([[3.0, 1.0, 0.5], [1.0, -2.0, 0.25], [0.5, 0.25, 0.1]])
TWO_POINTS = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))  # E[x x'] of a standard normal law to the bit


def maps_of(y, slopes, laws=(NORMAL,) * 3, estimator=SUBSPACE, cuts=4, resolution=EPS):
    """Results from values ``(n, *shape)`` and derivatives ``(n, p, *shape)``, in as many replicates."""
    layout = Layout(SAMPLE, apart(slopes.shape[1]), laws=laws)
    empty, nowhere = estimator.init(layout, y.shape[1:]), np.empty((0, 0, 0))
    pairs = zip(np.array_split(y[:, None], cuts), np.array_split(slopes[:, None], cuts), strict=True)
    states = [
        estimator.update(empty, Block(one, nowhere, nowhere, beside={"df": other, "gradient": other}))
        for one, other in pairs
    ]
    return {name: one.array for name, one in estimator.finalize(states, layout, resolution).maps.items()}


def quadratic(x):
    return np.einsum("ni,ij,nj->n", x, A, x) / 2, x @ A


def test_the_spectrum_of_a_quadratic_function_is_that_of_its_matrix_squared():
    x = np.tile(TWO_POINTS, (4, 1))
    maps = maps_of(*quadratic(x))
    values, vectors = np.linalg.eigh(A)
    order = np.argsort(-np.abs(values))
    np.testing.assert_allclose(maps["eigenvalue"], values[order] ** 2, rtol=1e-10)
    np.testing.assert_allclose(maps["eigenvalue_share"], values[order] ** 2 / (A * A).sum(), rtol=1e-10)
    first = vectors[:, order[:2]].T
    np.testing.assert_allclose(np.abs(maps["direction_component"]), np.abs(first), rtol=1e-9)
    assert (maps["direction_component"].max(axis=1) == np.abs(first).max(axis=1).round(15)).any()
    np.testing.assert_allclose(maps["eigenvalue_upper"], maps["eigenvalue"], rtol=1e-9)  # replicates are alike
    assert (maps["n_active_subspace"] == 32).all()


def test_scores_are_parts_of_the_bounds_of_total_indices():
    rng = np.random.default_rng(0)
    y, slopes = quadratic(rng.normal(size=(400, 3)))
    maps, variance = maps_of(y, slopes), y.var(ddof=1)
    bounds = maps_of(y, slopes, estimator=Dgsm(quantity="f", gradient="gradient"))
    np.testing.assert_allclose(maps["activity_bound"], bounds["ST_bound"], rtol=1e-12)
    np.testing.assert_allclose(maps["activity_bound_upper"], bounds["ST_bound_upper"], rtol=1e-9)
    assert (maps["activity"] <= maps["activity_bound"] + maps["eigenvalue"][2] / variance).all()
    assert (maps["activity_bound"] <= maps["activity"] + maps["eigenvalue"][2] / variance).all()
    every = maps_of(y, slopes, estimator=ActiveSubspace(quantity="f", gradient="df", directions=3))
    np.testing.assert_allclose(every["activity"], every["activity_bound"], rtol=1e-12)
    # ST_k of x'Ax/2: (A_kk^2 / 2 + sum_j A_kj^2) over sum A^2 / 2
    squares = A**2
    total = (np.diag(squares) / 2 + squares.sum(axis=1) - np.diag(squares)) / (squares.sum() / 2)
    assert (maps["activity_bound_upper"] >= total).all()


def test_a_ridge_function_has_one_direction_in_units_of_the_laws():
    """``f = sin(w x)`` with normal factors of sd 1 and 3 and a uniform one: the direction is w times the scales."""
    w, scale = np.array([1.0, -0.5, 2.0]), np.array([1.0, 3.0, 1 / np.pi])
    x = np.random.default_rng(1).normal(size=(200, 3)) * [1, 3, 0.2]
    maps = maps_of(np.sin(x @ w), np.cos(x @ w)[:, None] * w, (NORMAL, WIDE, UNIFORM))
    np.testing.assert_allclose(maps["eigenvalue_share"], [1, 0, 0], atol=1e-12)
    direction = w * scale / np.linalg.norm(w * scale)
    np.testing.assert_allclose(maps["direction_component"][0], -direction, rtol=1e-9)  # the largest, of WIDE, above 0
    np.testing.assert_allclose(maps["activity"], maps["activity_bound"], rtol=1e-9)


@pytest.mark.parametrize("law", [CHOICE, HEAVY])
def test_what_has_no_scale_is_left_out_and_the_others_stay(law):
    y, slopes = quadratic(np.random.default_rng(0).normal(size=(64, 3)))
    maps = maps_of(y, slopes, (NORMAL, law, NORMAL))
    assert np.isnan(maps["activity"][1])
    assert np.isinf(maps["activity_bound"][1])
    assert np.isnan(maps["direction_component"][:, 1]).all()
    rest = maps_of(y, slopes[:, [0, 2]], (NORMAL, NORMAL))
    np.testing.assert_allclose(maps["eigenvalue"][:2], rest["eigenvalue"], rtol=1e-12)
    np.testing.assert_allclose(maps["activity"][[0, 2]], rest["activity"], rtol=1e-12)


def test_constant_spoilt_and_overflowing_cells_are_told_and_leave_the_others_alone():
    y, slopes = quadratic(np.random.default_rng(0).normal(size=(64, 3)))
    ys, all_slopes = np.stack([y] * 4, axis=1), np.stack([slopes] * 4, axis=2)
    ys[:, 0], all_slopes[3, 1, 1], all_slopes[:, :, 2] = 0.25, np.nan, 1e200
    maps = maps_of(ys, all_slopes)
    assert maps["status"].tolist() == [FLAGS["no_variance"], FLAGS["base_points_left_out"], FLAGS["overflow"], 0]
    assert maps["n_active_subspace"].tolist() == [64, 63, 64, 64]
    assert np.isnan(maps["activity"][:, [0, 2]]).all()
    assert np.isnan(maps["eigenvalue"][:, 2]).all()
    alone = maps_of(y, slopes)
    for name in ("eigenvalue", "activity", "direction_component", "activity_upper"):
        np.testing.assert_array_equal(maps[name][..., 3], alone[name])


def test_a_function_without_slopes_has_no_directions():
    maps = maps_of(np.arange(8.0), np.zeros((8, 3)))
    assert (maps["eigenvalue"] == 0).all()
    assert np.isnan(maps["eigenvalue_share"]).all()
    assert np.isnan(maps["direction_component"]).all()
    assert (maps["activity"] == 0).all()


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            Layout(TRAJECTORY, apart(3), laws=(NORMAL,) * 3),
            "`active_subspace` needs runs that are independent draws of the factors: use `design: {kind: sample}` or "
            "`saltelli`",
        ),
        (
            Layout(SAMPLE, apart(257), laws=(NORMAL,) * 257),
            "`active_subspace` keeps p^2 numbers a cell and takes at most 256 factors, got 257: use `dgsm`, or leave "
            "out what `dnnsa screen` finds inert",
        ),
        (Layout(SAMPLE, apart(1), laws=(NORMAL,)), "`directions` must be no more than the 1 factors, got 2"),
    ],
)
def test_what_has_no_subspace_is_refused(layout, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        SUBSPACE.init(layout, ())
    assert str(told.value) == message


def test_directions_are_one_or_more():
    with pytest.raises(ValueError, match="`directions` must be 1 or more, got 0"):
        ActiveSubspace(quantity="f", gradient="df", directions=0)


def test_a_study_of_the_quadratic_network_meets_its_exact_spectrum(client, tmp_path, capsys):
    """Derivatives are ``2 Q x + l``, so that C is ``4 Q Q + l l'``."""
    spec = importlib.util.spec_from_file_location("examples_networks_build", NETWORKS / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    w = {k: np.array(v) for k, v in json.loads((NETWORKS / "quadratic.json").read_text()).items()}
    build.quadratic(w).save(tmp_path / "quadratic.keras")
    names = [f"x{k + 1}" for k in range(5)]
    study = dnnsa.Study(
        directory=tmp_path,
        name="quadratic",
        factors={name: {"kind": "normal", "mean": 0, "sd": 1} for name in names},
        design={"kind": "sample", "base_points": 4096},
        model={"kind": "keras", "path": "quadratic.keras", "inputs": names},
        quantities={"y": {"kind": "output"}, "slope": {"kind": "gradient", "of": "y"}},
        estimators=[{"kind": "active_subspace", "quantity": "y", "gradient": "slope"}],
    )
    y = dnnsa.run(study, client, tmp_path / "out.zarr", reporter=Quiet())["y"]
    q, linear = w["W"] @ np.diag(w["v"]) @ w["W"].T, 2 * w["W"] @ (w["v"] * w["b"])
    values, vectors = np.linalg.eigh(4 * q @ q + np.outer(linear, linear))
    np.testing.assert_allclose(y["eigenvalue"][:, 0], values[::-1], rtol=0.02)
    np.testing.assert_allclose(np.abs(y["direction_component"][0, :, 0]), np.abs(vectors[:, -1]), atol=0.02)
    assert y["direction_component"].dims == ("direction", "factor", "dim_0")
    assert y["eigen"].values.tolist() == [1, 2, 3, 4, 5]
    Console(width=90).print(summary(dnnsa.open(tmp_path / "out.zarr")))
    out = capsys.readouterr().out
    assert re.search(r"\nx4 +\d\.\d+ \(\d\.\d+ to \d\.\d+\) +\d\.\d+ \(", out)
    assert re.search(r"\nshare of eigenvalue 1 +0\.\d+", out)
