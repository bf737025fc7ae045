"""Three ways in which a log lies, each with its truth, the number that it gives if nobody asks, and what dnnsa says."""

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import InputError
from dnnsa.view.progress import Quiet
from tests.given.logs import NAMES, TRUTH, drawn, failing, naive, searched


def analysed(log, client, **given):
    return dnnsa.analyse(log, **{"inputs": NAMES, "outputs": ["y"]} | given, client=client, reporter=Quiet())


def test_a_sound_log_gives_the_truth(client):
    log = drawn(2500)
    np.testing.assert_allclose(naive(log), TRUTH, atol=0.02)
    found = analysed(log, client)
    y = found.results["y"]
    np.testing.assert_allclose(y["S1_binned"].sel(factor=list(NAMES)), TRUTH, atol=0.02)
    assert float(y["hsic_p"].sel(factor="x3")) > 0.01
    assert float(y["hsic_p"].sel(factor="x2")) < 0.001
    assert found.warnings == ()
    assert any("total indices and interactions" in told for told in found.cannot)


def test_dropping_failed_runs_gives_an_inert_input_an_index_and_is_refused(client):
    assert naive(failing(20_000))[2] == pytest.approx(0.185, abs=0.02)  # and the truth is 0
    found = analysed(failing(1000), client)
    assert set(found.results.children) - {"quarantine"} == {"y_failed", "y_best"}
    share, refused = found.warnings
    assert "rows (49.6 %) have no `y`: they failed. Read `y_failed` first" in share
    assert "`y` itself is not analysed: among the runs that succeeded `x1` and `x3` (rank correlation -0." in refused
    failed = found.results["y_failed"]["S1_binned"].sel(factor=list(NAMES))  # of 1[x1 + x3 >= 1]: 1/3, 0, 1/3
    np.testing.assert_allclose(failed, [1 / 3, 0, 1 / 3], atol=0.07)


def test_an_adaptive_log_gives_an_inert_input_an_index_and_is_refused(client):
    found = np.mean([naive(searched(500, seed), bins=8) for seed in range(20)], axis=0)
    assert found[2] == pytest.approx(0.10, abs=0.05)  # and the truth is 0
    assert found[0] < 0.5  # nor can that of x1 be had: it hardly varied where the search went
    for seed in range(4):
        with pytest.raises(InputError, match=r"depend on each other|changes along the log"):
            analysed(searched(500, seed), client)


def test_an_adaptive_log_whose_columns_look_independent_is_refused_too(client):
    """x1 narrows down as the search goes on, about the same middle: no correlation of any two columns."""
    log = drawn(600)
    width = np.linspace(1, 0.1, 600)
    log["x1"] = 0.5 + width * (log.x1 - 0.5)
    with pytest.raises(InputError) as told:
        analysed(log, client)
    assert str(told.value).startswith("inputs: `x1` changes along the log (Cramer's V with the row's number 0.")
    assert "adaptive search" in str(told.value)


def test_adjusting_for_what_is_derived_shares_the_effect_out_and_is_refused(client):
    log = drawn(20_000).assign(n_params=lambda log: 1000 * (log.x1 + log.x2) + 50)
    slope, level = np.polyfit(log.n_params, log.y, 1)
    adjusted = naive(log, y=log.y - slope * log.n_params - level)
    np.testing.assert_allclose(adjusted[:2], [0.33, 0.33], atol=0.05)  # and the truth is .80 and .06
    with pytest.raises(InputError) as told:
        analysed(log[:1000], client, inputs=[*NAMES, "n_params"])
    assert str(told.value).startswith(
        "inputs: `n_params` can be computed from the other inputs (R2 1.0000): it is an outcome of them, not an input"
    )


def test_a_log_is_no_worse_for_an_honest_number_of_parameters_among_its_outputs(client):
    log = drawn(400).assign(n_params=lambda log: log.x1 * log.x2)
    assert set(analysed(log, client, outputs=["y", "n_params"]).results.children) >= {"y", "n_params"}
