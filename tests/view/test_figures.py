"""Figures: what is drawn, where it is written, and that nothing else changes."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dnnsa.errors import InputError
from dnnsa.view.figures import figure, plot, slice_figures
from dnnsa.view.palette import NORM, SCALE

from .trees import cases, moments_only, quantity, runs, tree


def images(picture: Figure, index: bool = True) -> list[Axes]:
    """The axes with maps: of indices, or of anything else."""
    found = [axes for axes in picture.axes if axes.images]
    return [axes for axes in found if (axes.images[0].get_cmap() is SCALE) == index]


def texts(picture: Figure) -> set[str]:
    picture.draw_without_rendering()
    return {t.get_text() for t in picture.findobj(matplotlib.text.Text) if t.get_text() and t.get_visible()}


def test_a_quantity_without_dimensions_is_bars_with_whiskers_largest_first():
    picture = figure(tree(output=quantity()), "output")
    (axes,) = picture.axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["shift x [px]", "blur", "rotation [deg]"]
    totals, firsts = (c for c in axes.containers if hasattr(c, "patches"))
    assert [bar.get_width() for bar in totals] == pytest.approx([0.6, 0.4, 0.2])
    assert [bar.get_width() for bar in firsts] == pytest.approx([0.3, 0.2, 0.1])
    ends = axes.collections[0].get_segments()[0][:, 0]
    assert ends == pytest.approx([0.57, 0.63])
    assert {"What drives output?", "digits: Sobol' indices from 4096 base points; intervals of 95 %"} <= texts(picture)


def test_a_negative_index_has_its_bar_and_one_without_value_a_dash():
    picture = figure(tree(output=quantity(st=[0.5, 1.2, np.nan], s1=[-0.3, 0.2, np.nan])), "output")
    axes = picture.axes[0]
    assert axes.get_xlim()[0] < -0.33
    assert axes.get_xlim()[1] > 1.23
    assert {"-0.30", "1.20", "-"} <= texts(picture)


def test_one_dimension_is_maps_with_aggregated_bars_beside():
    data = quantity({"case": 4}, coords=cases())
    picture = figure(tree(p_true=data), "p_true")
    total, first = images(picture)
    order = [1, 2, 0]  # by aggregated ST
    np.testing.assert_array_equal(total.images[0].get_array(), data["ST"].values[order])
    np.testing.assert_array_equal(first.images[0].get_array(), data["S1"].values[order])
    assert [t.get_text() for t in total.get_yticklabels()] == ["shift x [px]", "blur", "rotation [deg]"]
    assert [t.get_text() for t in first.get_xticklabels()] == ["zero", "one", "two", "three"]
    assert first.get_xlabel() == "case, by its label"
    said = texts(picture)
    assert {"What drives p_true?", "aggregated", "share of the variance", "0.33"} <= said
    assert "no variance, no index" not in said


def test_cells_without_an_index_show_the_hatched_ground_and_a_legend_says_why():
    data = quantity({"case": 2}, st=[[0.2, np.nan], [0.3, np.nan], [0.4, np.nan]], coords=cases(2))
    picture = figure(tree(p_true=data), "p_true")
    total = images(picture)[0]
    assert total.images[0].get_array().mask[:, 1].all()
    assert total.patch.get_hatch() == "////"
    assert "no variance, no index" in texts(picture)


def test_a_colour_says_one_value_in_every_figure_and_the_bar_shows_what_is_outside():
    data = quantity({"case": 2}, st=[[0.2, -0.4], [0.3, 1.3], [0.4, 0.1]], coords=cases(2))
    picture = figure(tree(p_true=data), "p_true")
    assert {axes.images[0].norm for axes in images(picture)} == {NORM}
    bar = next(axes for axes in picture.axes if axes.get_xlabel() == "share of the variance" and not axes.images)
    assert bar.get_xlim() == pytest.approx((-0.4, 1.3))
    assert len({to_hex(SCALE(NORM(v))) for v in (-0.4, 0.0, 0.5, 1.0, 1.3)}) == 5


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 8, 6, 1), (4, 5, 9, 3)])
def test_nominal_images_stand_above_their_columns(shape):
    pictures = np.random.default_rng(0).random(shape)
    picture = figure(tree(p_true=quantity({"case": 4}, coords=cases())), "p_true", pictures)
    (row,) = images(picture, index=False)
    assert row.get_xlim() == images(picture)[0].get_xlim()
    mosaic = row.images[0].get_array()
    w = shape[2]
    assert mosaic.shape == (shape[1], 4 * (w + 2), 4)
    assert mosaic[0, 1 : 1 + w, 3].min() == 1
    assert mosaic[0, [0, 1 + w], 3].max() == 0
    picture.draw_without_rendering()
    columns = images(picture)[0].get_position()
    assert (row.get_position().x0, row.get_position().x1) == pytest.approx((columns.x0, columns.x1), abs=1e-3)
    assert row.get_position().y0 > columns.y1


def test_of_many_nominal_images_some_are_shown():
    results = tree(p_true=quantity({"case": 60}, coords={"case": np.arange(60)}))
    assert "one image in 3" in texts(figure(results, "p_true", np.zeros((60, 8, 8))))


def test_images_that_are_not_the_cases_are_refused():
    results = tree(p_true=quantity({"case": 4}, coords=cases()))
    with pytest.raises(InputError) as caught:
        figure(results, "p_true", np.zeros((3, 8, 8)))
    assert str(caught.value) == (
        "`thumbnails` must have shape (4, h, w) or (4, h, w, channels), one image a case, got (3, 8, 8)."
    )


def test_many_columns_are_thinned_and_keep_their_coordinate():
    data = quantity({"time": 5000}, coords={"time": np.arange(5000) * 0.1})
    total, first = images(figure(tree(output=data), "output"))
    assert total.images[0].get_array().shape == (3, 1667)
    assert first.get_xlabel() == "time (one cell in 3)"
    assert total.get_xlim() == pytest.approx((-0.15, 499.95))


def test_many_factors_are_cut_and_the_caption_says_so():
    names = tuple(f"x{k}" for k in range(50))
    results = tree(output=quantity(factors=names, units=("",) * 50))
    assert any(
        t.replace("\n", " ").endswith("; the 40 of 50 factors with the largest ST")
        for t in texts(figure(results, "output"))
    )


def test_two_dimensions_are_small_maps_under_one_scale_with_named_axes():
    data = quantity({"y": 3, "x": 5})
    picture = figure(tree(heat=data), "heat")
    maps = [axes.images[0].get_array() for axes in images(picture)]
    for drawn, (index, k) in zip(maps, [(i, k) for i in ("ST", "S1") for k in (1, 2, 0)], strict=True):
        np.testing.assert_array_equal(drawn, data[index].values[k])
    assert [axes.get_title() for axes in images(picture, index=False)] == ["variance", "mean"]
    assert {"shift x [px]", "blur", "rotation [deg]", "y", "x", "ST 0.330 [0.300, 0.360]"} <= texts(picture)


def test_maps_without_moments_name_the_axes_of_their_first_column():
    picture = figure(tree(heat=quantity({"y": 3, "x": 5}).drop_vars(["mean", "variance"])), "heat")
    assert images(picture)[0].get_ylabel() == "y"


@pytest.mark.parametrize("latitudes", [np.linspace(-80, 80, 9), np.linspace(80, -80, 9)])
def test_real_coordinates_grow_upward_and_pixel_rows_downward(latitudes):
    st = np.zeros((3, 9, 4))
    st[:, 0] = 1
    data = quantity({"lat": 9, "lon": 4}, st=st, coords={"lat": latitudes})
    axes = images(figure(tree(heat=data), "heat"))[0]
    low, high = axes.get_ylim()
    assert low < high
    bottom, top = axes.images[0].get_extent()[2:]
    first_row = bottom if axes.images[0].origin == "lower" else top
    assert first_row == pytest.approx(latitudes[0], abs=11)
    low, high = images(figure(tree(heat=quantity({"y": 9, "x": 4})), "heat"))[0].get_ylim()
    assert low > high


def test_more_dimensions_are_aggregated_bars_and_the_title_says_so():
    picture = figure(tree(cube=quantity({"time": 2, "y": 3, "x": 2})), "cube")
    assert len(picture.axes) == 1
    assert "What drives cube? (all of time, y, x together)" in texts(picture)


def test_more_dimensions_have_maps_of_the_last_two_at_places_of_the_others(tmp_path):
    data = quantity({"case": 20, "y": 3, "x": 2}, coords={"case": np.arange(20)})
    found = plot(tree(cube=data), tmp_path)
    places = [0, 2, 5, 8, 10, 13, 16, 19]
    assert [path.name for path in found] == ["digits-cube.png", *(f"digits-cube-case_{n}.png" for n in places)]
    (first, picture), *_ = slice_figures(tree(cube=data), "cube")
    assert first == "case 0"
    maps = images(picture)
    np.testing.assert_array_equal(maps[0].images[0].get_array(), data["ST"].values[1, 0])  # shift_x has the most
    said = texts(picture)
    assert "What drives cube at case 0?" in said
    caption = next(" ".join(text.split()) for text in said if text.startswith("digits:"))
    assert caption.endswith("; 8 of 20 places; the numbers are of all of case together")


def test_two_leading_dimensions_are_told_both_and_moments_alone_have_maps_too(tmp_path):
    data = moments_only(quantity({"case": 2, "time": 3, "y": 3, "x": 2}))
    found = [path.name for path in plot(tree(p=data), tmp_path)]
    assert found == [f"digits-p-case_{i}_time_{j}.png" for i in range(2) for j in range(3)]


def test_without_indices_the_moments_are_drawn():
    line = figure(tree(p=moments_only(quantity({"case": 4}, coords=cases()))), "p")
    assert list(line.axes[0].lines[0].get_ydata()) == [0.5] * 4
    assert "How does p vary?" in texts(line)
    titles = [axes.get_title() for axes in images(figure(tree(p=moments_only(quantity({"y": 3, "x": 2}))), "p"), False)]
    assert titles == ["mean", "variance", "skewness", "kurtosis"]


def test_what_cannot_be_drawn_is_refused():
    for results, quantity_name, message in [
        (tree(output=quantity()), "outptu", "no quantity `outptu` in these results: they hold `output`."),
        (
            tree(output=moments_only(quantity())),
            "output",
            "nothing to draw of `output`: figures show Sobol' indices, moments along dimensions and, "
            "without dimensions, `mu_star`, `ST_bound`, `activity`, `hsic_r2`, `S1_binned`, `main_effect`: see "
            "`estimators`, and `dnnsa show` for what there is.",
        ),
        (
            tree("stopped"),
            "output",
            "nothing to draw: the study `digits` is stopped, not complete; "
            "`dnnsa run` of the same study goes on from there.",
        ),
    ]:
        with pytest.raises(InputError) as caught:
            figure(results, quantity_name)
        assert str(caught.value) == message


def test_files_are_written_a_quantity_each_and_returned_in_order(tmp_path):
    results = tree(
        **{"p true": quantity({"case": 4}, coords=cases())},
        output=quantity(),
        nothing=moments_only(quantity()),
        heat=quantity({"y": 3, "x": 2}),
        cube=quantity({"time": 2, "y": 3, "x": 2}),
    )
    paths = plot(results, tmp_path / "new" / "folder", np.zeros((4, 8, 8)))
    own = ["digits-p_true.png", "digits-output.png", "digits-heat.png", "digits-cube.png"]
    names = [*own, "digits-cube-time_0.png", "digits-cube-time_1.png"]
    assert paths == [tmp_path / "new" / "folder" / name for name in names]
    for path in paths:
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert len(content) > 5000


def test_nothing_is_left_behind_when_nothing_can_be_drawn(tmp_path):
    with pytest.raises(InputError):
        plot(tree("running"), tmp_path / "figures")
    with pytest.raises(InputError, match="nothing to draw of `a`, `b`: figures show"):
        plot(tree(a=moments_only(quantity()), b=moments_only(quantity())), tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_nothing_global_changes(tmp_path):
    before = dict(matplotlib.rcParams), np.geterr()
    plot(tree(output=quantity(), p=quantity({"case": 4})), tmp_path)
    assert (dict(matplotlib.rcParams), np.geterr()) == before


def test_pyplot_is_never_loaded():
    code = "import sys, dnnsa.view.figures; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_single_runs_are_not_drawn(tmp_path):
    results = tree(output=quantity(), runs=runs(3, 1))
    assert [path.name for path in plot(results, tmp_path)] == ["digits-output.png"]
    with pytest.raises(InputError, match=r"no quantity `runs` in these results: they hold `output`."):
        figure(results, "runs")
