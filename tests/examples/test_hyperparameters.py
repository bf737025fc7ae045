"""Where evaluators of hyperparameters go wrong, and the truth is known: a rate on a log scale, a pure interaction."""

import numpy as np
import pytest

import dnnsa
from dnnsa.view.progress import Quiet

UNIT = {"kind": "uniform", "low": 0, "high": 1}
CALLS = """
import numpy as np
def rate(lr, u):
    return (np.log10(lr) < -3) + 0.2 * u
def interaction(a, b, c):
    return np.sign((a - 0.5) * (b - 0.5))
"""


@pytest.fixture
def run(client, tmp_path):
    (tmp_path / "calls.py").write_text(CALLS)

    def of(call, factors):
        study = dnnsa.Study(
            directory=tmp_path,
            name=call,
            factors=factors,
            design={"kind": "saltelli", "base_points": 4096},
            model={"kind": "function", "call": f"calls:{call}"},
            estimators=[{"kind": "sobol"}, {"kind": "main_effects"}],
        )
        return dnnsa.run(study, client, reporter=Quiet())["output"]

    return of


def test_the_index_of_a_learning_rate_is_that_under_its_law(run):
    """1[log10 lr < -3] has variance .24, .2 u has .04 / 12: .986, of which Optuna's fANOVA says .23."""
    output = run("rate", {"lr": {"kind": "loguniform", "low": 1e-5, "high": 1}, "u": UNIT})
    np.testing.assert_allclose(output["S1"], [0.24 / (0.24 + 0.04 / 12), 1 - 0.24 / (0.24 + 0.04 / 12)], atol=0.02)
    curve = output["main_effect"].sel(factor="lr").values
    low = output["part_high"].sel(factor="lr").values < 1e-3
    np.testing.assert_allclose(curve[low], 1.1, atol=0.02)
    np.testing.assert_allclose(curve[~low][1:], 0.1, atol=0.02)


def test_a_pure_interaction_has_no_first_order_index_and_all_of_the_total_ones(run):
    output = run("interaction", dict.fromkeys("abc", UNIT))
    np.testing.assert_allclose(output["S1"], 0, atol=0.02)
    np.testing.assert_allclose(output["ST"], [1, 1, 0], atol=0.02)
    assert float(output["ST_upper"].sel(factor="c")) == 0
    np.testing.assert_allclose(output["main_effect"], 0, atol=0.1)  # and flat curves


def test_the_peer_makes_the_same_trainings_but_for_an_optimizer(client, example):
    folder = example("hyperparameters")
    ours, peer = (dnnsa.Study.from_yaml(folder / f"{name}.yaml") for name in ("study", "peer"))
    assert list(peer.factors) == list(ours.factors)
    other = {name for name, law in peer.factors.items() if law != ours.factors[name]}
    assert other == {"optimizer", "momentum"}
    few = {**peer.document, "design": {**peer.document["design"], "base_points": 4, "replicates": 2}}
    results = dnnsa.run(dnnsa.Study(directory=folder, **few), client, folder / "peer.zarr", reporter=Quiet())
    error = results["runs/output"].values
    assert 0 < error.min() < 0.1 < 0.5 < error.max() < 1
    np.testing.assert_allclose(error * 359, np.round(error * 359), atol=1e-9)  # of 359 digits
