"""Figures of a quantity without dimensions and without Sobol' indices: which factors matter at all."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.bars import FACTORS, Subject, draw_rows, factor_names, whiskers
from dnnsa.view.colours import FAINT, GRID, INK, S1_COLOUR, ST_COLOUR
from dnnsa.view.palette import LABEL, SMALL, heading, name_panel, plain_axes
from dnnsa.view.text import chance, measured, number

MEASURES = {  # what is drawn of each, and in which words
    "mu_star": ("elementary effects", "mean absolute effect"),
    "ST_bound": ("derivative-based bounds", "ST is not larger"),
    "activity": ("active subspaces", "of the first directions"),
    "hsic_r2": ("measures of dependence", "from 0, none, to 1"),
    "S1_binned": ("indices from given data", "first order"),
}
ROW, PANEL = 0.36, 3.3  # inches
EIGENVALUES = 10  # at most
LEADER = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}  # from a label to its point
# Where a label may stand beside its point: points to the right and up; the first free place is taken.
PLACES = [(x, y) for far in (5, 14, 24) for x, y in ((far, far), (far, -far), (-far, far), (-far, -far), (0, far))]


def measures(dataset: Any) -> list[str]:
    """What can be drawn: the measures that a quantity without dimensions has."""
    return [] if read.dims(dataset) else [name for name in MEASURES if name in dataset]


def screening_figure(subject: Subject) -> Figure:
    """Morris's plane where every factor has its place in it, else bars."""
    names = measures(subject.dataset)
    if names[0] == "mu_star" and np.isfinite(subject.dataset["sigma"].values).all():
        return plane_figure(subject)
    return measures_figure(subject, names)


def measures_figure(subject: Subject, names: list[str]) -> Figure:
    """Bars of each measure side by side, the factors in the order of the first one."""
    data = subject.dataset
    first = data[names[0]].values
    factors = np.argsort(np.where(np.isnan(first), np.inf, -first), kind="stable")[:FACTORS]
    spectrum = "eigenvalue_share" in data
    size = (max(6.4, 1.2 + PANEL * (len(names) + spectrum)), 1.7 + ROW * len(factors))
    figure = Figure(figsize=size, layout="constrained")
    *panels, beside = [*figure.subplots(1, len(names) + spectrum, squeeze=False)[0], None][: len(names) + 1]
    for axes, name in zip(panels, names, strict=True):
        _draw_measure(axes, data, name, factors)
    for axes in panels[1:]:
        axes.sharey(panels[0])
        axes.tick_params(labelleft=False)
    if beside is not None:
        _draw_spectrum(beside, data)
    panels[0].set_yticks(np.arange(len(factors)), factor_names(data, factors), fontsize=LABEL)
    panels[0].set_ylim(len(factors) - 0.4, -0.6)
    p = data.sizes["factor"]
    heading(figure, subject.title, subject.caption + (f"; the first {FACTORS} of {p} factors" if p > FACTORS else ""))
    return figure


def _draw_measure(axes: Axes, data: Any, name: str, factors: NDArray[np.intp]) -> None:
    interval = [v[factors] for v in read.interval(name, data)]
    end = draw_rows(axes, interval, np.arange(len(factors)), _notes(data, name, factors), 0.6, color=S1_COLOUR)
    lows = np.fmin(interval[0], interval[1])
    lowest = float(lows[np.isfinite(lows)].min(initial=0))
    plain_axes(axes)
    right = end if name == "mu_star" else max(1.0, end)
    axes.set_xlim(lowest * 1.05, right * (1.5 if name == "hsic_r2" else 1.25) or 1.0)  # room for the notes
    axes.grid(axis="x", color=GRID)
    axes.axvline(0, color=INK, linewidth=0.8)
    if name != "mu_star" and end <= 1:
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    elif name != "mu_star":
        axes.axvline(1, color=FAINT, linewidth=0.8, linestyle="--")
    axes.set_axisbelow(True)
    name_panel(axes, name, MEASURES[name][1])


def _draw_spectrum(axes: Axes, data: Any) -> None:
    """Bars of the first eigenvalues' shares: a sharp fall is a subspace."""
    interval = [v[:EIGENVALUES] for v in read.interval("eigenvalue_share", data)]
    at = np.arange(len(interval[0]))
    end = draw_rows(axes, interval, at, [number(float(v), 2) for v in interval[0]], 0.6, color=ST_COLOUR)
    plain_axes(axes)
    axes.set_xlim(0, max(1.0, end) * 1.25)  # room for the notes
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.set_yticks(at, [str(number) for number in data["eigen"].values[: len(at)]], fontsize=LABEL)
    axes.set_ylim(len(at) - 0.4, -0.6)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    name_panel(axes, "eigenvalue_share", "of each eigenvalue")


def _notes(data: Any, name: str, factors: NDArray[np.intp]) -> list[str]:
    """What stands behind the bars: values, and p-values where there are."""
    values = np.asarray(data[name].values, dtype=float)
    if name == "mu_star":
        largest = float(values[np.isfinite(values)].max(initial=0))
        return [measured(float(v), np.nan, np.nan, largest) for v in values[factors]]
    notes = [number(float(v), 2) for v in values[factors]]
    if name != "hsic_r2":
        return notes
    said = [chance(float(p)) for p in data["hsic_p"].values[factors]]
    return [f"{note}, p {p if p.startswith('<') else f'= {p}'}" for note, p in zip(notes, said, strict=True)]


def plane_figure(subject: Subject) -> Figure:
    """Standard deviation of the elementary effects over their mean absolute value, a point for each factor."""
    data = subject.dataset
    size, spread = (read.interval(name, data) for name in ("mu_star", "sigma"))
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    axes = figure.add_subplot()
    axes.errorbar(
        size[0],
        spread[0],
        xerr=whiskers(*size),
        yerr=whiskers(*spread),
        fmt="o",
        color=ST_COLOUR,
        ecolor=S1_COLOUR,
        elinewidth=1,
        capsize=2,
    )
    right, top = (1.12 * float(np.nanmax([*v[0], *v[2]], initial=0)) or 1.0 for v in (size, spread))
    axes.plot([0, right], [0, right], color=FAINT, linewidth=0.8, linestyle="--", label="sigma = mu_star", zorder=0)
    axes.set_xlim(-0.03 * right, right)
    axes.set_ylim(-0.05 * top, top)
    axes.grid(color=GRID)
    plain_axes(axes)
    axes.set_xlabel("mu_star: mean absolute effect", fontsize=LABEL, color=INK)
    axes.set_ylabel("sigma: spread of the effect, by curvature or interaction", fontsize=LABEL, color=INK)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), frameon=False, fontsize=SMALL, labelcolor=INK)
    heading(figure, subject.title, subject.caption)
    left_out = _label_points(figure, axes, factor_names(data, np.arange(data.sizes["factor"])), size[0], spread[0])
    if left_out:
        heading(figure, subject.title, f"{subject.caption}; without names: {left_out} that lie too close to others")
    return figure


def _label_points(figure: Figure, axes: Axes, names: list[str], x: NDArray[Any], y: NDArray[Any]) -> int:
    """Each name in the first place beside its point where it covers no other, the largest first.

    Returns how many have no such place and are left out.
    """
    figure.draw_without_rendering()  # settles where the points are
    points = axes.transData.transform(np.stack([x, y], axis=-1))  # pixels
    taken = [np.concatenate([point - 4, point + 4]) for point in points]
    for k in np.argsort(-x, kind="stable"):
        label = axes.annotate(names[k], (x[k], y[k]), PLACES[0], textcoords="offset points", arrowprops=LEADER)
        label.set(in_layout=False, fontsize=SMALL, color=INK)
        free = (box for box in (_placed(label, place) for place in PLACES) if not _covers(box, taken, axes))
        if (box := next(free, None)) is None:
            label.remove()
        else:
            taken.append(box)
    return 2 * len(names) - len(taken)


def _placed(label: Annotation, place: tuple[int, int]) -> NDArray[Any]:
    """Move a label to a place, and say which pixels it takes: left, bottom, right, top."""
    x, y = place
    label.set_position(place)
    label.set(ha="center" if x == 0 else "left" if x > 0 else "right", va="bottom" if y > 0 else "top")
    label.get_window_extent()  # moves it; its own extent has the leader with it
    return np.asarray(Text.get_window_extent(label).extents)


def _covers(box: NDArray[Any], taken: list[NDArray[Any]], axes: Axes) -> bool:
    """Whether a box covers what others take, or lies partly outside the axes."""
    inside = np.asarray(axes.get_window_extent().extents)
    outside = (box[:2] < inside[:2]).any() or (box[2:] > inside[2:]).any()
    return bool(outside or any((box[:2] < one[2:]).all() and (box[2:] > one[:2]).all() for one in taken))
