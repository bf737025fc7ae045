"""The noise floor: which factors are luck, what is told of the others, and where it is drawn."""

import pytest

from dnnsa.view import luck
from dnnsa.view.figures import figure

from .test_figures import texts
from .trainings import LAWS, curves, document
from .trees import printed, quantity, tree

SEED = LAWS["seed"]
NAMES = ("rate", "width", "seed")


def scalar(st, half_width=0.03, factors=NAMES):
    return quantity(st=st, half_width=half_width, factors=factors, units=("",) * len(factors))


def told(results):
    return " ".join(printed(results).split())


@pytest.mark.parametrize(
    ("factors", "model", "seeds"),
    [
        ({"rate": {}, "seed": {}}, {}, {"seed"}),
        ({"a": {}, "b": {}, "c": {}}, {"seed": "a", "order_seed": "b", "data": {"subset_seed": "c"}}, set("abc")),
        ({"rate": {}, "seed": {}}, {"seed": 3}, set()),
        ({"rate": {}, "seed": {}}, {"kind": "function"}, set()),
        ({"a": {"group": "luck"}, "b": {"group": "luck"}}, {"seed": "a", "order_seed": "b"}, {"luck"}),
        ({"rate": {"group": "both"}, "seed": {"group": "both"}}, {}, set()),
    ],
    ids=["seed", "three seeds", "constant", "no training", "a group of seeds", "a group of more"],
)  # fmt: skip
def test_seeds_of_a_training_are_luck_and_nothing_else_is(factors, model, seeds):
    assert luck.seeds_of(document(factors, **model)) == seeds


def test_a_study_file_that_says_no_model_has_no_floor():
    assert "noise floor" not in told(tree(output=quantity()))


def test_show_names_the_factors_that_are_not_told_apart_from_luck():
    results = tree(attrs=document(), output=scalar([0.6, 0.1, 0.06]))
    line = "noise floor: ST of seed 0.060 [0.030, 0.090]; not told apart from luck, since their intervals reach down to"
    assert f"{line} it: width" in told(results)


def test_a_factor_whose_interval_ends_above_that_of_luck_is_told_apart():
    results = tree(attrs=document(), output=scalar([0.6, 0.13, 0.06]))
    assert "noise floor: ST of seed 0.060 [0.030, 0.090]; all other factors are above it" in told(results)


def test_without_intervals_the_indices_themselves_are_compared():
    data = scalar([0.6, 0.05, 0.06])
    bare = data.drop_vars([name for name in data.data_vars if str(name).endswith(("_lower", "_upper"))])
    assert luck.floor(document(), bare).not_above == [1]


def test_of_several_seeds_the_largest_is_the_floor_and_all_are_told():
    names = ("rate", "order", "seed")
    study = document({"rate": {}, "order": SEED, "seed": SEED}, order_seed="order")
    data = scalar([0.4, 0.3, 0.1], factors=names)
    found = luck.floor(study, data)
    assert (found.highest, found.not_above) == (1, [])
    assert "noise floor: ST of order 0.300 [0.270, 0.330], of seed 0.100 [0.070, 0.130]; all" in told(
        tree(attrs=study, output=data)
    )


def test_bars_have_a_dashed_line_at_the_total_index_of_luck():
    results = tree(attrs=document(), output=scalar([0.6, 0.1, 0.06]))
    picture = figure(results, "output")
    (line,) = (line for line in picture.axes[0].lines if line.get_linestyle() == "--")
    assert line.get_xdata() == pytest.approx([0.06, 0.06])
    assert any("dashed: the noise floor, ST of seed" in text.replace("\n", " ") for text in texts(picture))
    plain = figure(tree(output=quantity()), "output")
    assert [line for line in plain.axes[0].lines if line.get_linestyle() == "--"] == []


def test_the_bars_beside_a_map_over_epochs_have_it_too():
    picture = figure(tree(attrs=document(), curve=curves([0.6, 0.2, 0.1, 0.04])), "curve")
    lines = [line.get_xdata()[0] for axes in picture.axes for line in axes.lines if line.get_linestyle() == "--"]
    assert lines == pytest.approx([0.04])
