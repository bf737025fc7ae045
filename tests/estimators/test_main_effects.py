"""Main effects against closed forms: Ishigami's function, choices, conditions, and where there is nothing."""

import numpy as np
import pytest
from scipy.stats import qmc

import dnnsa
from dnnsa.estimators.base import FLAGS, Block
from dnnsa.estimators.main_effects import MainEffects
from dnnsa.factors import Choice, Integers, LogUniform, Normal, Uniform
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart
from dnnsa.view.progress import Quiet

EPS = 2.0**-52
UNIT = Uniform(low=0, high=1)


def finalized(y, u, laws=(), estimator=MainEffects(), **block):  # noqa: B008
    """Of a sample: y ``(n,)``, u ``(n, p)``."""
    layout = Layout(SAMPLE, apart(u.shape[1]), laws=laws)
    state = estimator.update(estimator.init(layout, ()), Block(y[:, None], u[:, None], u[:, None], **block))
    return estimator.finalize([state], layout, EPS)


def test_the_curves_of_the_ishigami_function_are_exact(client, tmp_path):
    (tmp_path / "model.py").write_text(
        "import numpy as np\n"
        "def f(x1, x2, x3, kind):\n"
        "    level = np.array([{'a': 1.0, 'b': 5.0}[k] for k in kind])\n"
        "    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1) + level\n"
    )
    law = {"kind": "uniform", "low": -np.pi, "high": np.pi}
    study = dnnsa.Study(
        directory=tmp_path,
        name="curves",
        factors={
            **dict.fromkeys(("x1", "x2", "x3"), law),
            "kind": {"kind": "choice", "values": ["a", "b"], "probabilities": [0.25, 0.75]},
        },
        design={"kind": "saltelli", "base_points": 8192},
        model={"kind": "function", "call": "model:f"},
        estimators=[{"kind": "main_effects", "parts": 8}, {"kind": "sobol"}],
    )
    output = dnnsa.run(study, client, tmp_path / "out.zarr", reporter=Quiet())["output"]
    low, high = (output[f"part_{end}"].values[0] for end in ("low", "high"))
    np.testing.assert_allclose(np.append(low, high[-1]), np.linspace(-np.pi, np.pi, 9), atol=1e-8)
    sine = (np.cos(low) - np.cos(high)) / (high - low)  # means over each part
    square = 0.5 - (np.sin(2 * high) - np.sin(2 * low)) / (4 * (high - low))
    exact = [7.5 + (1 + np.pi**4 / 50) * sine, 4 + 7 * square, np.full(8, 7.5), [4.5, 8.5]]
    for k, curve in enumerate(exact):
        found = [output[f"main_effect{end}"].values[k][: len(curve)] for end in ("", "_lower", "_upper")]
        np.testing.assert_allclose(found[0], curve, atol=0.05)  # 2,048 values a part, of standard deviation 3
        assert np.mean((found[1] - 0.01 < curve) & (curve < found[2] + 0.01)) >= 0.75
    assert output["part_middle"].values[3].tolist()[:2] == [0, 1]  # the numbers of the levels
    assert np.isnan(output["main_effect"].values[3][2:]).all()
    assert output["main_effect_n"].sum("part").values.tolist() == [16384] * 4


def test_the_mean_over_parts_is_the_mean_and_their_variance_the_numerator_of_the_index():
    u = qmc.Sobol(2, rng=np.random.default_rng(0)).random_base2(12)
    y = np.floor(4 * u[:, 0]) + 10 * (u[:, 1] - 0.5) ** 2
    done = finalized(y, u)
    curve, count = done.maps["main_effect"].array[0], done.maps["main_effect_n"].array[0]
    assert np.average(curve, weights=count) == pytest.approx(y.mean(), rel=1e-12)
    np.testing.assert_allclose(np.average((curve - y.mean()) ** 2, weights=count), 1.25, rtol=1e-3)  # of 4 steps


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [
        (LogUniform(low=1e-4, high=1), [1e-4, 1e-3, 1e-2, 1e-1], [1e-3, 1e-2, 1e-1, 1]),
        (Integers(low=3, high=5), [3, 4, 5], [3, 4, 5]),
        (Choice(values=(0.5, "x", None)), [0, 1, 2], [0, 1, 2]),
        (Choice(values=tuple(range(6))), [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]),  # never two in one part
        (Integers(low=0, high=7), [0, 2, 4, 6], [1, 3, 5, 7]),
    ],
)
def test_parts_are_told_in_values_of_the_factor(law, low, high):
    u = law.cdf(law.ppf((np.arange(960) + 0.5) / 960))[:, None]
    done = finalized(np.arange(960.0), u, (law,), MainEffects(parts=4))
    np.testing.assert_allclose(done.coords["part_low"].array[0], low, rtol=1e-6)
    np.testing.assert_allclose(done.coords["part_high"].array[0], high, rtol=1e-6)
    assert done.maps["main_effect_n"].array[0].tolist() == [960 // len(low)] * len(low)


def test_tails_are_as_long_as_those_of_coordinates():
    done = finalized(np.zeros(4), np.full((4, 1), 0.5), (Normal(mean=0, sd=1),))
    assert done.coords["part_low"].array[0, 0] == pytest.approx(-6.34, abs=0.01)


def test_a_part_without_a_run_has_no_mean():
    done = finalized(np.ones(3), np.full((3, 1), 0.1), estimator=MainEffects(parts=2))
    np.testing.assert_array_equal(done.maps["main_effect"].array, [[1, np.nan]])
    assert done.maps["status"].array == 0  # a constant has a curve


def test_runs_in_which_a_factor_is_inactive_do_not_count():
    u = np.array([[0.1], [0.2], [0.9]])
    active = np.array([[[True]], [[False]], [[True]]])
    done = finalized(np.array([1.0, 7.0, 3.0]), u, estimator=MainEffects(parts=2), active=active)
    assert done.maps["main_effect"].array.tolist() == [[1, 3]]
    assert done.maps["n"].array == 3


def test_an_overflow_is_told():
    done = finalized(np.array([1.7e308, 1.7e308]), np.full((2, 1), 0.1))
    assert done.maps["status"].array == FLAGS["overflow"]


def test_precision_does_not_hang_on_the_offset():
    u = np.random.default_rng(0).random((256, 1))
    near, far = (finalized(u[:, 0] + offset, u).maps["main_effect"].array for offset in (0, 1e9))
    np.testing.assert_allclose(far - 1e9, near, atol=3e-7)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (Layout(TRAJECTORY, apart(2)), "`main_effects` needs runs that are independent draws of the factors"),
        (Layout(PICK_FREEZE, (0, 1, 0)), "`main_effects` takes factors one by one and some share a `group`"),
    ],
)
def test_runs_that_do_not_fit_are_refused(layout, message):
    with pytest.raises(ValueError, match=message):
        MainEffects().init(layout, ())


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`parts` must be at least 2, got 1"):
        MainEffects(parts=1)
