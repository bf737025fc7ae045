"""Figures without Sobol' indices: Morris's plane, and bars of other measures."""

import numpy as np
import pytest
from matplotlib.text import Annotation

from dnnsa.view.figures import figure
from tests.view.trees import bare, bounded, morris, tree

FACTOR = ("factor",)


def named(axes):
    return [text.get_text() for text in axes.findobj(Annotation)]


def test_elementary_effects_are_a_plane_of_named_points():
    picture = figure(tree(output=morris([1, 3, 2], [0.5, 0.25, 1])), "output")
    (axes,) = picture.axes
    points = axes.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_xdata(), [1, 3, 2])
    np.testing.assert_array_equal(points.get_ydata(), [0.5, 0.25, 1])
    across, up = (bars.get_segments() for bars in axes.containers[0].lines[2])
    assert across[1][:, 0] == pytest.approx([2.75, 3.25])
    assert up[1][:, 1] == pytest.approx([0, 0.5])
    assert named(axes) == ["shift x [px]", "blur", "rotation [deg]"]
    assert axes.get_xlabel() == "mu_star: mean absolute effect"


def test_names_cover_neither_each_other_nor_the_edge():
    data = morris([1, 3, 3.01, 2.99], [1, 1, 1.01, 1], factors=tuple("abcd"), units=("",) * 4)
    picture = figure(tree(output=data), "output")
    picture.draw_without_rendering()
    (axes,) = picture.axes
    inside = axes.get_window_extent()
    boxes = [super(Annotation, text).get_window_extent() for text in axes.findobj(Annotation)]
    assert 2 <= len(boxes) <= 4
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
    assert all(inside.containsx(x) and inside.containsy(y) for box in boxes for x, y in box.corners())


def test_what_has_no_room_for_its_name_is_counted():
    factors = tuple(f"a_long_name_{k}" for k in range(30))
    picture = figure(tree(output=morris(np.full(30, 2.0), np.ones(30), factors=factors, units=("",) * 30)), "output")
    left_out = 30 - len(named(picture.axes[0]))
    assert left_out > 0
    caption = picture.get_supxlabel().replace("\n", " ")
    assert caption.endswith(f"; without names: {left_out} that lie too close to others")


def test_a_group_has_no_place_in_the_plane_and_so_all_are_bars():
    picture = figure(tree(output=morris([1, 3, 2e-14], [0.5, np.nan, 1])), "output")
    (axes,) = picture.axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["shift x [px]", "rotation [deg]", "blur"]
    assert [bar.get_width() for bar in axes.containers[0]] == pytest.approx([3, 1, 2e-14])
    assert named(axes) == ["3", "1", "0.0000"]


def test_measures_stand_side_by_side_in_the_order_of_the_first():
    data = bare().assign(bounded("hsic_r2", FACTOR, np.array([0.1, 0.3, 0.2]), 0.01))
    data = data.assign(bounded("S1_binned", FACTOR, np.array([0.5, 0.1, 0.2]), 0.1))
    data = data.assign(hsic_p=(FACTOR, [0.2, 1e-8, 0.04]))
    left, right = figure(tree(output=data), "output").axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["shift x [px]", "blur", "rotation [deg]"]
    assert [bar.get_width() for bar in left.containers[0]] == pytest.approx([0.3, 0.2, 0.1])
    assert [bar.get_width() for bar in right.containers[0]] == pytest.approx([0.1, 0.2, 0.5])
    assert named(left) == ["0.30, p < 0.001", "0.20, p = 0.040", "0.10, p = 0.200"]
    assert right.get_title(loc="left").startswith(r"$\bf{S1\_binned}$")


def test_a_spectrum_stands_beside_the_scores():
    data = bare().assign(bounded("activity", FACTOR, np.array([0.1, 0.3, 0.2]), 0.01))
    data = data.assign(bounded("eigenvalue_share", ("eigen",), np.array([0.9, 0.08, 0.02]), 0.01)).assign_coords(
        eigen=[1, 2, 3]
    )
    left, right = figure(tree(output=data), "output").axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["shift x [px]", "blur", "rotation [deg]"]
    assert [bar.get_width() for bar in left.containers[0]] == pytest.approx([0.3, 0.2, 0.1])
    assert [t.get_text() for t in right.get_yticklabels()] == ["1", "2", "3"]
    assert [bar.get_width() for bar in right.containers[0]] == pytest.approx([0.9, 0.08, 0.02])
    assert named(right) == ["0.90", "0.08", "0.02"]


def test_an_infinite_bound_has_no_bar_but_is_told():
    data = bare().assign(bounded("ST_bound", FACTOR, np.array([0.5, np.inf, np.nan]), 0.1))
    (axes,) = figure(tree(output=data), "output").axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["shift x [px]", "rotation [deg]", "blur"]
    assert [bar.get_width() for bar in axes.containers[0]] == pytest.approx([0, 0.5, 0])
    assert named(axes) == ["inf", "0.50", "-"]


def test_of_many_factors_the_first_are_shown():
    factors = tuple(f"x{k}" for k in range(50))
    data = bare(factors=factors, units=("",) * 50).assign(S1_binned=(FACTOR, np.linspace(0, 1, 50)))
    picture = figure(tree(output=data), "output")
    assert len(picture.axes[0].get_yticklabels()) == 40
    assert picture.get_supxlabel().replace("\n", " ").endswith("; the first 40 of 50 factors")


def test_sobol_indices_are_drawn_before_other_measures(tmp_path):
    from tests.view.trees import quantity

    data = quantity().assign(bounded("S1_binned", FACTOR, np.full(3, 0.2), 0.1))
    assert "ST" in figure(tree(output=data), "output").axes[0].get_legend_handles_labels()[1][0]
