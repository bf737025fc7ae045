"""Behaviour of trainings: skill, features by hand, each class by a curve of its own, and what is refused."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.training import Thresholds
from dnnsa.training.behaviour import CLASSES, NONE, Features, classify, features, skill, smoothed
from dnnsa.training.data import Loaded, Part
from dnnsa.training.history import VALIDATION_ERROR, VALIDATION_LOSS, History
from dnnsa.training.quantities import QUANTITIES, ended, nothing_learnt

BUDGET = 20
TIME = np.arange(1, BUDGET + 1)
UP = np.minimum(TIME / 8, 1)  # has all of its skill at epoch 8
CURVES = {
    "never-learner": np.full(BUDGET, 0.04),
    "collapser": np.where(TIME <= 12, UP, 0.4),
    "late-learner": np.where(TIME <= 14, 0.1, 0.8),
    "over-fitter": UP - np.maximum(TIME - 10, 0) * 0.02,  # has lost a fifth
    "still-learning": TIME / BUDGET,
    "fast-learner": np.full(BUDGET, 0.9),
    "steady-learner": UP,
}


def classes(curves, made=None, budget=None, diverged=None, **thresholds):
    curves = np.atleast_2d(np.asarray(curves, dtype=float))
    made = np.full(len(curves), curves.shape[1]) if made is None else np.asarray(made)
    budget = np.full(len(curves), curves.shape[1]) if budget is None else np.asarray(budget)
    diverged = np.zeros(len(curves), bool) if diverged is None else np.asarray(diverged)
    which = classify(features(curves, made), made, budget, diverged, Thresholds(**thresholds))
    return [CLASSES[one] if one != NONE else None for one in which]


# skill ----------------------------------------------------------------------------------------------------------------


def test_skill_of_errors_is_that_of_accuracies_beyond_chance():
    accuracy, chance = np.array([0.25, 0.5, 1.0]), 0.25
    np.testing.assert_allclose(skill(1 - accuracy, 1 - chance), (accuracy - chance) / (1 - chance))


def test_a_network_that_has_learnt_nothing_has_no_skill_and_a_perfect_one_all():
    np.testing.assert_array_equal(skill(np.array([2.0, 0.0, 4.0]), 2.0), [0, 1, -1])


@pytest.mark.parametrize("guess", [0.0, np.nan])
def test_skill_needs_something_to_be_better_than(guess):
    with pytest.raises(ModelError) as error:
        skill(np.array([0.5]), guess)
    assert str(error.value) == (
        f"model.data: no skill can be told: a network that has learnt nothing has the loss or error {guess:g} on the "
        "validation data; they need more than one class or value."
    )


# features -------------------------------------------------------------------------------------------------------------


def test_a_single_spike_is_smoothed_away_and_the_ends_stay():
    np.testing.assert_array_equal(smoothed(np.array([[3.0, 0, 9, 1, 2]])), [[3, 3, 1, 2, 2]])
    np.testing.assert_array_equal(smoothed(np.array([[3.0, 0]])), [[3, 0]])


def test_features_are_what_a_hand_computes():
    curve = np.array([[0.0, 0.1, 0.3, 0.2, 0.6, 0.8, 0.7, 0.5]])  # smoothed: 0 .1 .2 .3 .6 .7 .7 .5
    found = {name: values[0] for name, values in features(curve, np.array([8]))._asdict().items()}
    assert found == pytest.approx(
        {
            "best": 0.7,
            "final": 0.5,
            "t10": 2,
            "t50": 5,
            "t90": 6,
            "area": 3.1 / 8,
            "end_slope": -0.2,  # of the last two epochs
            "skill_lost": 0.2,
            "noise": 0.2,  # differences .1 .2 -.1 .4 .2 -.1 -.2, median .1; distances 0 .1 .2 .3 .1 .2 .3
            "to_skill": 5,
        }
    )


def test_the_end_slope_is_that_of_a_line_through_the_last_quarter():
    end = np.array([1.0, 1.2, 1.1, 1.5])
    curve = np.array([[*np.zeros(12), *end]])
    expected = np.polyfit(range(4), smoothed(curve)[0, -4:], 1)[0]
    assert features(curve, np.array([16])).end_slope[0] == pytest.approx(expected)


def test_epochs_that_were_not_made_count_for_nothing():
    short = np.array([[0.0, 0.2, 0.5, 0.4, 0.6, 0.5]])
    padded = np.concatenate([short, np.full((1, 9), 0.5)], axis=1)
    damaged = np.concatenate([short, np.full((1, 9), np.nan)], axis=1)
    expected = features(short, np.array([6]))
    for longer in (padded, damaged):
        np.testing.assert_array_equal(features(longer, np.array([6])), expected)
    assert features(padded, np.array([15])).area[0] != expected.area[0]


def test_runs_of_several_lengths_have_the_features_that_each_has_alone():
    rng = np.random.default_rng(1)
    curves, made = rng.normal(size=(7, 12)), np.array([12, 3, 1, 12, 5, 2, 3])
    together = np.array(features(curves, made))
    for run, count in enumerate(made):
        alone = features(curves[run : run + 1, :count], made[run : run + 1])
        np.testing.assert_allclose(together[:, run], np.array(alone)[:, 0], rtol=1e-14)


def test_a_network_that_was_never_better_than_the_guess_has_no_time_of_learning():
    found = features(np.full((1, 6), -2.0), np.array([6]))
    assert np.isnan([found.t10[0], found.t50[0], found.t90[0]]).all()
    assert found.best[0] == -2


def test_time_to_skill_is_of_the_smoothed_skill_and_none_where_it_is_not_reached():
    curves = np.array([[0.0, 0.9, 0.1, 0.4, 0.6, 0.7], [0.0, 0.1, 0.2, 0.3, 0.3, 0.3], np.full(6, np.nan)])
    made = np.array([6, 6, 6])
    np.testing.assert_array_equal(features(curves, made).to_skill, [5, np.nan, np.nan])
    np.testing.assert_array_equal(features(curves, made, 0.3).to_skill, [3, 4, np.nan])


def test_no_run_can_have_more_than_all_skill():
    with pytest.raises(ValueError, match=r"`skill_threshold` must be 1, which is perfect, or less, got 1\.5"):
        Thresholds(skill_threshold=1.5)


# classes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURVES)
def test_each_class_has_its_curve(name):
    assert classes(CURVES[name]) == [name]


@pytest.mark.parametrize("name", CURVES)
def test_how_much_was_learnt_does_not_move_the_class_once_something_was(name):
    assert classes(0.25 * CURVES[name]) == [name]


def test_a_slow_rise_is_measured_by_what_was_learnt():
    rise = 0.0015 * TIME  # as many epochs again add 0.03
    assert classes([0.2 * UP + rise, UP - 0.03 + rise]) == ["still-learning", "steady-learner"]


def test_all_runs_are_classed_at_once_as_each_alone():
    assert classes(list(CURVES.values())) == list(CURVES)


def test_every_class_is_tested():
    assert {"diverged", *CURVES} == set(CLASSES)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_diverged(bad):
    curve = UP.copy()
    curve[3] = bad
    assert classes(curve) == ["diverged"]


def test_a_run_that_is_known_to_have_diverged_is_classed_so_whatever_its_curve():
    assert classes([UP, UP], diverged=[True, False]) == ["diverged", "steady-learner"]


def test_a_run_that_stopped_early_is_late_by_the_epochs_that_it_was_asked_for():
    curve = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8])
    assert classes(curve, budget=[8]) == ["late-learner"]
    assert classes(curve, budget=[40]) == ["steady-learner"]
    assert classes(curve, budget=[80]) == ["fast-learner"]


def test_fewer_than_four_epochs_have_no_class_unless_nothing_was_learnt():
    assert classes([UP, UP, UP], made=[3, 4, 1], diverged=[False, False, True])[::2] == [None, "diverged"]
    assert classes(CURVES["never-learner"], made=[1]) == ["never-learner"]
    assert classes(UP, made=[4])[0] is not None


@pytest.mark.parametrize(
    ("name", "threshold", "value", "instead"),
    [
        ("never-learner", "learnt", 0.03, "fast-learner"),
        ("collapser", "collapse", 0.7, "over-fitter"),
        ("late-learner", "late", 0.8, "steady-learner"),
        ("over-fitter", "overfit", 0.3, "steady-learner"),
        ("still-learning", "rising", 1.1, "steady-learner"),
        ("steady-learner", "fast", 0.4, "fast-learner"),
    ],
)
def test_each_threshold_moves_its_own_class(name, threshold, value, instead):
    assert classes(CURVES[name], **{threshold: value}) == [instead]


def test_each_threshold_is_halved_and_doubled_by_itself():
    around = dict(Thresholds().around())
    assert list(around)[:3] == ["as given", "learnt 0.025", "learnt 0.1"]
    assert len(around) == 13
    assert around["late 0.25"] == Thresholds(late=0.25)


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan"), "much", True])
def test_a_threshold_is_a_number_above_0(value):
    with pytest.raises(ValueError, match=f"`late` must be a number above 0, got {value}"):
        Thresholds(late=value)


# quantities -----------------------------------------------------------------------------------------------------------


def data_of(labels=(0, 0, 0, 1), validation=(0, 0, 1, 1)):
    truth = [np.array(one, np.int32) for one in (labels, validation, validation)]
    parts = [Part(np.zeros((len(one), 1), np.float32), one) for one in truth]
    return Loaded(*parts, classes=2, cases=np.arange(len(validation)))


def history(errors, diverged=False):
    curves = np.zeros((4, len(errors)))
    curves[VALIDATION_ERROR], curves[VALIDATION_LOSS] = errors, 0.5
    return History(curves, curves[:, -1], np.log(np.full((4, 2), 0.5)), 3, diverged)


def quantities(one):
    names = ("skill_best", "skill_final", "skill_area", "skill_lost", "epochs_to_half")
    return [QUANTITIES[name].of(one) for name in names]


def test_quantities_of_classes_are_of_the_validation_error():
    data = data_of()
    assert nothing_learnt(data)[VALIDATION_ERROR] == 0.5  # the first class, of half of the validation data
    one = ended(history([0.5, 0.4, 0.2, 0.1, 0.1, 0.3]), data, 10, 0.1)  # skill 0 .2 .6 .8 .8 .4, smoothed the same
    assert quantities(one) == pytest.approx([0.8, 0.4, 2.8 / 6, 0.4, 3])


def test_quantities_of_targets_are_of_the_validation_loss():
    targets = Part(np.zeros((2, 1), np.float32), np.array([[-1.0], [1.0]], np.float32))
    data = Loaded(targets, targets, targets, classes=0, cases=np.arange(2))
    curves = np.zeros((4, 4))
    curves[VALIDATION_LOSS] = [1, 0.5, 0.25, 0.25]
    one = ended(History(curves, curves[:, 3], np.zeros((2, 1)), 3, False), data, 4, 0.1)
    assert nothing_learnt(data)[VALIDATION_LOSS] == 1
    assert quantities(one) == [0.75, 0.75, 0.5, 0, 2]


def test_a_training_that_diverged_has_the_skill_of_one_that_has_learnt_nothing_in_the_end():
    errors = [0.25, 0.25, np.nan]
    found = quantities(ended(history(errors, diverged=True), data_of(), 5, 0.1))
    assert found == [0.5, 0, pytest.approx(1 / 3), 0.5, 1]


def test_a_training_that_never_learnt_takes_one_epoch_more_than_there_are():
    assert quantities(ended(history([0.5, 0.49, 0.49]), data_of(), 8, 0.1))[-1] == 9


def test_no_skill_is_told_of_validation_data_of_one_class():
    with pytest.raises(ModelError, match="they need more than one class or value"):
        quantities(ended(history([0.5, 0.4]), data_of(validation=(0, 0, 0, 0)), 2, 0.1))


# the page -------------------------------------------------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_has_the_rules_in_their_order_with_their_thresholds():
    page = (DOCS / "behaviour.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z]+(?:-[a-z]+)?)` \| (.+) \| (?:`(\w+)` )?\|$", page, re.MULTILINE)
    assert [name for name, _, _ in told] == list(CLASSES)
    numbers = {key: float(re.findall(r"0\.\d+", rule)[0]) for _, rule, key in told if key}
    assert numbers | {"skill_threshold": 0.5} == asdict(Thresholds())


def test_the_page_has_all_features():
    page = (DOCS / "behaviour.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| .*\|$", page.partition("## Features")[2].partition("## Classes")[0], re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(Features._fields)


def test_the_reference_has_every_quantity_of_a_training():
    page = (DOCS / "study-file.md").read_text(encoding="utf-8")
    table = page.split("| quantity | dims | meaning |\n| --- | --- | --- |\n| `error`")[1].split("\n\n")[0]
    first = [row.split(" | ")[0] for row in f"`error`{table}".splitlines()]
    assert sorted(re.findall(r"`(\w+)`", " ".join(first))) == sorted(QUANTITIES)
