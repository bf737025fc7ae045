"""Curves of single runs: which there are, how they are coloured, and what their medians are."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, to_rgba

from dnnsa.errors import InputError
from dnnsa.view import run_curves
from dnnsa.view.colours import FAINT
from dnnsa.view.figures import plot, run_curves_figure

from .test_figures import texts
from .trainings import curves, document, runs, trained
from .trees import moments_only, tree


def thin(picture):
    (found,) = (one for one in picture.axes[0].collections if isinstance(one, LineCollection))
    return found


def done():
    data = runs()
    return data.isel(run=np.flatnonzero(data["state"].values == 1))


def test_words_have_a_colour_each_and_the_median_of_their_runs():
    picture = run_curves_figure(trained([0.2, 0.7, 0.1, 0.0]), "curve")
    data = done()
    lines = picture.axes[0].lines
    assert [line.get_label() for line in lines] == ["sgd", "adam"]  # as in the study file, not by the alphabet
    for line in lines:
        alike = data["curve"].values[data["optimizer"].values == line.get_label()]
        np.testing.assert_allclose(line.get_ydata(), np.median(alike, axis=0))
    colour = {line.get_label(): to_rgba(line.get_color())[:3] for line in lines}
    assert colour["sgd"] != colour["adam"]
    assert [tuple(one[:3]) for one in thin(picture).get_colors()] == [colour[name] for name in data["optimizer"].values]
    assert "How does curve go with optimizer?" in texts(picture)


def test_runs_that_failed_are_not_drawn_and_the_number_of_the_others_is_told():
    picture = run_curves_figure(trained([0.2, 0.7, 0.1, 0.0]), "curve")
    assert len(thin(picture).get_segments()) == 38
    assert any(
        "all 38 runs" in told and "ST of optimizer, the largest: 0.70" in told.replace("\n", " ")
        for told in texts(picture)
    )


def test_a_loguniform_factor_has_a_logarithmic_scale_of_colours_and_medians_of_four_parts():
    picture = run_curves_figure(trained([0.7, 0.2, 0.1, 0.0]), "curve")
    bar = picture.axes[1]
    assert bar.get_yscale() == "log"
    assert bar.get_ylabel() == "rate"
    data = done()
    rate = data["rate"].values
    order = np.argsort(rate)
    parts = np.array_split(order, 4)
    assert len(picture.axes[0].lines) == 4
    first, last = picture.axes[0].lines[0].get_ydata(), picture.axes[0].lines[-1].get_ydata()
    assert first[0] == pytest.approx(np.median(data["curve"].values[parts[0], 0]), rel=0.3)
    assert last[0] == pytest.approx(np.median(data["curve"].values[parts[-1], 0]), rel=0.3)
    norm = LogNorm(rate.min(), rate.max())
    expected = run_curves.SHADES(norm(rate))[:, :3]
    np.testing.assert_allclose(thin(picture).get_colors()[:, :3], expected, atol=0.01)


def test_a_factor_that_is_not_active_in_a_run_leaves_it_grey():
    picture = run_curves_figure(trained([0.1, 0.2, 0.7, 0.0]), "curve")
    grey = np.all(thin(picture).get_colors()[:, :3] == to_rgba(FAINT)[:3], axis=1)
    np.testing.assert_array_equal(grey, done()["optimizer"].values == "adam")
    assert "not active" in texts(picture)


def test_of_many_runs_some_are_drawn_and_that_is_told(monkeypatch):
    monkeypatch.setattr(run_curves, "RUNS", 10)
    picture = run_curves_figure(trained([0.2, 0.7, 0.1, 0.0]), "curve")
    assert len(thin(picture).get_segments()) == 10
    assert any("10 of 38 runs" in told for told in texts(picture))


def test_a_group_has_no_value_to_colour_by_and_the_next_factor_has():
    names = ("both", "optimizer", "seed")
    results = tree(attrs=document(), curve=curves([0.8, 0.5, 0.0], factors=names), runs=runs())
    picture = run_curves_figure(results, "curve")
    told = " ".join(texts(picture)).replace("\n", " ")
    assert "ST of optimizer, the largest of those in no group: 0.50" in told


def test_plot_writes_them_beside_the_index_maps(tmp_path):
    paths = plot(trained([0.2, 0.7, 0.1, 0.0]), tmp_path)
    assert [path.name for path in paths] == ["digits-curve.png", "digits-curve-runs.png"]


def test_without_runs_or_indices_there_are_none(tmp_path):
    whole = curves([0.2, 0.7, 0.1, 0.0])
    for results in (
        tree(attrs=document(), curve=whole),
        tree(attrs=document(), curve=moments_only(whole), runs=runs()),
    ):
        assert [path.name for path in plot(results, tmp_path)] == ["digits-curve.png"]
        with pytest.raises(InputError, match=r"no curves of single runs of `curve`.*granularity: run"):
            run_curves_figure(results, "curve")
