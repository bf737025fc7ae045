"""Second order beside the bars."""

import numpy as np
import pytest

from dnnsa.view.figures import figure
from dnnsa.view.palette import NORM, SCALE

from .trees import cases, quantity, tree, with_second_order

PAIRS = np.array([[np.nan, 0.25, -0.6], [0.25, np.nan, 0.01], [-0.6, 0.01, np.nan]])


def matrix(picture):
    return next(axes for axes in picture.axes if "S2" in axes.get_title(loc="left"))


def test_the_rows_of_the_matrix_are_those_of_the_bars():
    picture = figure(tree(output=with_second_order(quantity(), PAIRS)), "output")
    bars, axes = picture.axes
    picture.draw_without_rendering()
    assert axes.get_ylim() == bars.get_ylim()
    assert [t.get_text() for t in axes.get_yticklabels()] == ["blur", "rotation [deg]"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["shift x [px]", "blur"]
    assert axes.get_position().y0 == pytest.approx(bars.get_position().y0)


def test_each_pair_is_there_once_in_the_colour_of_its_value():
    axes = matrix(figure(tree(output=with_second_order(quantity(), PAIRS)), "output"))
    cells = axes.images[0].get_array()  # shift x, blur, rotation: by ST
    np.testing.assert_array_equal(cells.filled(np.nan)[[1, 2, 2], [0, 0, 1]], [0.01, 0.25, -0.6])
    assert cells.mask[np.triu_indices(3)].all()
    assert (axes.images[0].norm, axes.images[0].get_cmap()) == (NORM, SCALE)
    written = {text.get_text(): (text.get_weight(), text.get_color()) for text in axes.texts}
    assert written.keys() == {"0.01", "0.25", "-0.60"}
    assert [written[value][0] for value in ("0.01", "0.25", "-0.60")] == ["normal", "bold", "bold"]
    assert written["-0.60"][1] == "white"


def test_of_two_estimates_of_a_pair_the_table_and_the_matrix_show_the_same():
    lopsided = np.triu(PAIRS) + np.tril(np.full((3, 3), 9.0), -1)
    axes = matrix(figure(tree(output=with_second_order(quantity(), lopsided)), "output"))
    assert {text.get_text() for text in axes.texts} == {"0.01", "0.25", "-0.60"}


def test_a_field_of_one_dimension_has_its_aggregated_pairs():
    data = with_second_order(quantity({"case": 4}, coords=cases()), PAIRS)
    assert {text.get_text() for text in matrix(figure(tree(p_true=data), "p_true")).texts} == {"0.01", "0.25", "-0.60"}


def test_many_pairs_have_a_scale_in_place_of_numbers():
    names = tuple(f"x{k}" for k in range(12))
    data = with_second_order(quantity(factors=names, units=("",) * 12), np.full((12, 12), 0.25))
    picture = figure(tree(output=data), "output")
    axes = matrix(picture)
    assert not axes.texts
    (bar,) = axes.child_axes
    assert bar.get_xlim() == pytest.approx((0, 0.5))
    picture.draw_without_rendering()


def test_without_second_order_there_is_no_matrix():
    assert len(figure(tree(output=quantity()), "output").axes) == 1
