"""The noise floor: which factors are luck, what is told of the others, and where it is drawn."""

import numpy as np
import pytest

from dnnsa.view import luck
from dnnsa.view.figures import figure
from dnnsa.view.table import as_json

from .test_figures import texts
from .trainings import LAWS, curves, document
from .trees import cases, printed, quantity, tree

SEED = LAWS["seed"]
NAMES = ("rate", "width", "seed")


def scalar(st, half_width=0.03, factors=NAMES):
    return quantity(st=st, half_width=half_width, factors=factors, units=("",) * len(factors))


def caption(picture):
    return " ".join(picture.get_supxlabel().split())


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
    lines = [line.get_xdata() for axes in picture.axes for line in axes.lines if line.get_linestyle() == "--"]
    (upright,) = (x for x in lines if len(x) == 2)
    assert upright == pytest.approx([0.04, 0.04])


def test_over_epochs_the_floor_is_a_dashed_curve_with_its_band_and_is_named():
    picture = figure(tree(attrs=document(), curve=curves([0.6, 0.2, 0.1, 0.04])), "curve")
    (panel,) = (axes for axes in picture.axes if axes.get_legend() and len(axes.lines) > 1)
    names = [line.get_label() for line in panel.lines]
    assert names == ["rate", "optimizer", "momentum", "noise floor, ST of seed"]
    (floor,) = (line for line in panel.lines if line.get_linestyle() == "--")
    assert floor.get_ydata() == pytest.approx([0.04] * 5)
    assert len(panel.collections) == 1
    assert panel.get_xlabel() == "epoch"


def test_over_cases_which_have_no_order_the_caption_says_where_factors_are_above_luck():
    st = [[0.5, 0.5, 0.5, 0.5], [0.3, 0.3, 0.3, 0.05], [0.04, 0.04, 0.04, 0.04]]
    data = quantity({"case": 4}, st=st, coords=cases(), factors=NAMES, units=("",) * 3)
    said = caption(figure(tree(attrs=document(), p_true=data), "p_true"))
    assert said.endswith("above the noise floor of the same cell, ST of seed: rate in 100 %, width in 75 % of cells")


def test_of_two_dimensions_the_caption_says_so_too():
    st = np.multiply.outer([0.5, 0.12, 0.1], np.ones((3, 4)))
    data = quantity({"case": 3, "output": 4}, st=st, factors=NAMES, units=("",) * 3)
    said = caption(figure(tree(attrs=document(), predictions=data), "predictions"))
    assert said.endswith("above the noise floor of the same cell, ST of seed: rate in 100 %, width in 0 % of cells")
    plain = quantity({"case": 3, "output": 4}, factors=NAMES, units=("",) * 3)
    assert "noise floor" not in caption(figure(tree(predictions=plain), "predictions"))


def test_cells_without_an_index_of_both_are_not_counted(monkeypatch):
    st = np.array([[0.5, 0.5, np.nan], [0.3, 0.05, 0.3], [0.04, 0.04, 0.04], [0.1, 0.1, 0.1]])
    data = quantity({"case": 3}, st=st, factors=(*NAMES, "none"), units=("",) * 4)
    data["ST"][3] = np.nan
    study = document({name: {} for name in (*NAMES, "none")})
    found = luck.above_in_cells(luck.floor(study, data), data)
    np.testing.assert_allclose(found, [1, 2 / 3, 0, np.nan])
    monkeypatch.setattr(luck, "READ", 1)  # a cell at a time
    np.testing.assert_allclose(luck.above_in_cells(luck.floor(study, data), data), found)


def test_the_json_has_the_floor_by_names():
    results = tree(attrs=document(), output=scalar([0.6, 0.1, 0.06]), curve=curves([0.6, 0.2, 0.1, 0.04]))
    output, curve = (as_json(results)["quantities"][name]["noise_floor"] for name in ("output", "curve"))
    assert output == {
        "factor": "seed",
        "ST": 0.06,
        "ST_lower": pytest.approx(0.03),
        "ST_upper": pytest.approx(0.09),
        "seeds": ["seed"],
        "not_above": ["width"],
    }
    assert curve["cells_above"] == {"rate": 1, "optimizer": 1, "momentum": 0}
    assert as_json(tree(output=quantity()))["quantities"]["output"]["noise_floor"] is None
