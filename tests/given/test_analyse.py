"""From a log to a study that can be kept, and what is told on the way."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dnnsa
from dnnsa.cluster import Inside
from dnnsa.errors import InputError
from dnnsa.estimators import Block, Hsic
from dnnsa.estimators.hsic import Goal
from dnnsa.layout import SAMPLE, Layout, apart
from dnnsa.view.progress import Quiet
from tests.given.logs import NAMES, drawn

DNNSA = Path(sys.executable).with_name("dnnsa")


def analysed(log, client, inputs=NAMES, outputs=("y",), **given):
    return dnnsa.analyse(log, inputs, outputs, client=client, reporter=Quiet(), **given)


def test_being_among_the_best_is_the_goal_of_hsic():
    """The kernel of two values is that of belonging to the goal or not, but for its scale."""
    log = drawn(320)
    u, layout = log[list(NAMES)].to_numpy()[:, None], Layout(SAMPLE, apart(3))
    best = (log.y <= np.sort(log.y)[79]).to_numpy(float)[:, None]
    told = []
    for estimator in (Hsic(), Hsic(goal=Goal(of="highest"))):
        state = estimator.update(estimator.init(layout, ()), Block(best, u, u))
        told.append(estimator.finalize([state], layout, 2.0**-52).maps)
    for name in ("hsic_r2", "hsic_p"):
        np.testing.assert_allclose(told[0][name].array, told[1][name].array, rtol=1e-9)


def test_the_study_is_one_like_any_other(client, tmp_path):
    found = analysed(drawn(320), client, folder=tmp_path / "kept")
    text = (tmp_path / "kept" / "study.yaml").read_text()
    assert text.startswith("# What a log cannot say: total indices and interactions")
    again = dnnsa.run(dnnsa.Study.from_yaml(tmp_path / "kept" / "study.yaml"), client, reporter=Quiet())
    np.testing.assert_array_equal(again["y"]["S1_binned"], found.results["y"]["S1_binned"])


def test_highest_values_may_be_the_good_ones(client):
    best = analysed(drawn(200), client, best="highest").results["y_best"]["main_effect"].sel(factor="x1").values
    assert best[0] < best[np.isfinite(best)][-1]


def test_texts_and_truth_values_are_levels(client):
    log = drawn(200)
    rng = np.random.default_rng(1)
    log["on"], log["kind"] = rng.random(200) < 0.5, rng.choice(["true", "1", "a, b"], 200)
    log["y"] += 3 * log.on
    y = analysed(log, client, [*NAMES, "on", "kind"]).results["y"]
    curve = y["main_effect"].sel(factor="on").values[:2]
    assert curve.tolist() == pytest.approx([log.y[~log.on].mean(), log.y[log.on].mean()])
    assert y["levels"].sel(factor="kind").item() == '["1", "a, b", "true"]'


def test_rows_that_do_not_make_equal_parts_are_told(client):
    found = analysed(drawn(101), client)
    assert found.warnings == ("the last row is left out, so that the others make 10 equal parts, for intervals.",)
    assert int(found.results["y"]["n"]) == 100


def test_outputs_that_drift_along_the_log_are_told(client):
    log = drawn(300)
    log["y"] += np.linspace(0, 3, 300)
    told = analysed(log, client).warnings[-1]
    assert told.startswith("`y` changes along the log (hsic_p of `row`")


def test_ties_among_the_best_are_told(client):
    log = drawn(200)
    log["y"] = np.maximum(log.y, 0.5)
    (told,) = analysed(log, client).warnings
    assert told.endswith("% of rows are as good as the best quarter: ties, or failures.")


def test_a_folder_that_holds_something_is_left_alone(client, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds `mine.txt`: give a folder that is new or empty"):
        analysed(drawn(100), client, folder=tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"best": "least"}, "best: must be `lowest` or `highest`, got `least`."),
        ({"outputs": ["z"]}, "outputs: `z` has no two different numbers."),
    ],
)
def test_what_does_not_hold_is_refused(change, message):
    with pytest.raises(InputError) as told:
        analysed(drawn(100).assign(z=1.0), None, **change)
    assert str(told.value) == message


def test_the_command_says_what_is_found_and_what_is_not_and_draws(tmp_path):
    drawn(211).to_csv(tmp_path / "log.csv", index=False)
    ask = [DNNSA, "analyse", "log.csv", "--inputs", "x1,x2,x3", "--outputs", "y", "--log", ""]
    done = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "S1_binned" in done.stdout
    assert "What a log cannot say: total indices and interactions" in done.stdout
    assert "study: log-analysis/study.yaml\nstore: log-analysis/study.zarr\n" in done.stdout
    assert "warning: the last row is left out" in done.stderr
    again = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "error: log-analysis: holds a study already: give another folder, or --overwrite." in again.stderr


def test_a_worker_in_this_process_will_do():
    found = dnnsa.analyse(drawn(80), NAMES, ["y"], cluster=Inside(), reporter=Quiet())
    assert float(found.results["y"]["S1_binned"].sel(factor="x1")) > 0.5
