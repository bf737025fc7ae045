"""Main effects in tables, figures and JSON."""

import json

import numpy as np
import pytest

from dnnsa.errors import InputError
from dnnsa.view.figures import figure, main_effects_figure, plot
from dnnsa.view.plain import as_json
from tests.view.trees import FACTORS, printed, quantity, text, tree

CURVE = ("factor", "part")
NAN = np.nan


def effects(**coords):
    """Three factors: a uniform of four parts, a choice of two levels, one that does nothing."""
    value = np.array([[4.0, 1.0, 2.0, 3.0], [2.0, 3.0, NAN, NAN], [2.5, 2.5, 2.5, 2.5]])
    low = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, NAN, NAN], [1.0, 10.0, 100.0, 1000.0]])
    high = low + np.array([[1], [0], [0]])
    high[2] = 10 * low[2]
    data = quantity().drop_vars(["S1", "ST"], errors="ignore")
    return data.assign(
        main_effect=(CURVE, value),
        main_effect_lower=(CURVE, value - 0.1),
        main_effect_upper=(CURVE, value + 0.1),
        main_effect_n=(CURVE, np.where(np.isnan(value), 0, 10)),
    ).assign_coords(
        part_low=(CURVE, low),
        part_middle=(CURVE, (low + high) / 2),
        part_high=(CURVE, high),
        levels=("factor", text(["", '["sgd", "a_long_name"]', ""])),
        law=("factor", text(["uniform {}", "choice {}", "loguniform {}"])),
        **coords,
    )


def test_the_table_says_where_the_mean_is_lowest_and_highest():
    said = printed(tree(output=effects()), width=100)
    assert "rotation [deg]  1.00 +- 0.1  1 to 2" in said
    assert "2.00 +- 0.1  sgd" in said
    assert "3.00 +- 0.1   a_long_name" in said
    assert "the store has main effects over up to 4 parts of each factor" in said


def test_a_panel_a_factor_is_drawn_those_that_matter_first():
    drawn = main_effects_figure(tree(output=effects()), "output")
    panels = [axes for axes in drawn.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["rotation [deg]", "shift x [px]", "blur"]
    assert [label.get_text() for label in panels[1].get_xticklabels()] == ["sgd", "a_long_n."]
    assert panels[2].get_xscale() == "log"
    step = panels[0].lines[-1]
    assert step.get_xdata().tolist() == [0, 1, 2, 3, 4]
    assert step.get_ydata().tolist() == [4, 1, 2, 3, 3]


def test_curves_have_a_figure_of_their_own_beside_indices(tmp_path):
    both = effects().assign(S1=quantity()["S1"], ST=quantity()["ST"])
    paths = plot(tree(output=both, other=effects()), tmp_path)
    assert [path.name for path in paths] == ["digits-output.png", "digits-output-main_effects.png", "digits-other.png"]


def test_what_has_no_curves_is_refused():
    with pytest.raises(InputError, match="no main effects of `output` in these results: see `main_effects`"):
        main_effects_figure(tree(output=quantity()), "output")
    assert figure(tree(output=quantity()), "output")


def test_json_has_the_curves_and_where_their_parts_lie():
    output = json.loads(json.dumps(as_json(tree(output=effects())), allow_nan=False))["quantities"]["output"]
    assert set(output["main_effect"]) == set(FACTORS)
    assert output["main_effect"]["shift_x"] == [2, 3, None, None]
    assert output["parts"]["part_low"]["rotation"] == [0, 1, 2, 3]
