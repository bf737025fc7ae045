"""Bars of indices with their intervals, one row a factor."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.colours import FAINT, GRID, INK, LUCK_COLOUR, S1_COLOUR, ST_COLOUR
from dnnsa.view.luck import Floor, noted
from dnnsa.view.matrix import draw_matrix, matrix_width
from dnnsa.view.palette import LABEL, SMALL, heading, plain_axes
from dnnsa.view.text import number

FACTORS = 40  # at most
ROW = 0.52  # inches
MEANING = {"S1": "first order: the factor alone", "ST": "total: alone and with others"}
COLOUR = {"S1": S1_COLOUR, "ST": ST_COLOUR}


class Subject(NamedTuple):
    """What a figure is drawn of."""

    dataset: Any
    title: str
    caption: str
    floor: Floor | None = None  # of trainings whose seed is a factor


def ranking(dataset: Any, most: int) -> NDArray[np.intp]:
    """Numbers of the factors with the largest ST, the largest first, those without a value last."""
    total = read.interval(read.summarised("ST", dataset), dataset)[0]
    return np.argsort(np.where(np.isnan(total), np.inf, -total), kind="stable")[:most]


def omitted(dataset: Any, most: int) -> str:
    """For the caption of a figure that does not show all factors."""
    p = dataset.sizes["factor"]
    return f"; the {most} of {p} factors with the largest ST" if p > most else ""


def factor_names(dataset: Any, factors: NDArray[np.intp]) -> list[str]:
    """``shift x [px]`` for ``shift_x``."""
    labels = read.factor_labels(dataset)
    return [labels[k].replace("_", " ").replace("$", r"\$") for k in factors]


def whiskers(value: Any, low: Any, high: Any) -> NDArray[Any]:
    """Distances to the bounds for ``errorbar``, ``(2, factor)``; none on a side where the index is beyond its bound."""
    return np.asarray(np.fmax(np.stack([value - low, high - value]), 0))


def draw_rows(
    axes: Axes, interval: Sequence[NDArray[Any]], at: Any, notes: Sequence[str], thickness: float, **style: Any
) -> float:
    """Bars at the heights ``at`` with notes written behind them; returns where the longest whisker ends."""
    value, low, high = interval  # (factor,) each
    axes.barh(at, np.where(np.isfinite(value), value, 0), height=thickness, **style)
    known = np.isfinite(value)
    bounds = whiskers(value[known], low[known], high[known])
    axes.errorbar(value[known], at[known], xerr=bounds, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2)
    ends = np.fmax(np.fmax(value, high), 0)
    ends = np.where(np.isfinite(ends), ends, 0)
    for y, note, end in zip(at, notes, ends, strict=True):
        axes.annotate(note, (end, y), (4, 0), textcoords="offset points", va="center", fontsize=SMALL, color=FAINT)
    return float(ends.max(initial=0))


def draw_bars(axes: Axes, dataset: Any, index: str, factors: NDArray[np.intp], at: Any, thickness: float) -> float:
    """Bars of an index of some factors; returns where the longest whisker ends."""
    interval = [v[factors] for v in read.interval(read.summarised(index, dataset), dataset)]
    notes = [number(float(v), 2) for v in interval[0]]
    return draw_rows(axes, interval, at, notes, thickness, color=COLOUR[index], label=f"{index}, {MEANING[index]}")


def dress_bars(axes: Axes, dataset: Any, end: float) -> None:
    """The axis of indices: all of [0, 1] and what lies outside."""
    lows = [read.interval(read.summarised(index, dataset), dataset) for index in ("S1", "ST")]
    lowest = min(float(np.nanmin(np.fmin(value, low), initial=0)) for value, low, _ in lows)
    plain_axes(axes)
    axes.set_xlim(lowest * 1.05, max(1.0, end) * 1.12)  # room for the numbers behind the bars
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(axis="x", color=GRID)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_axisbelow(True)


def draw_floor(axes: Axes, of: Floor | None) -> None:
    """A dashed line at the total index of luck, and its interval."""
    if of is None:
        return
    axes.axvline(of.value, color=LUCK_COLOUR, linewidth=1.1, linestyle="--", zorder=3)
    if np.isfinite([of.low, of.high]).all():
        axes.axvspan(of.low, of.high, color=LUCK_COLOUR, alpha=0.15, linewidth=0, zorder=0)


def bars_figure(subject: Subject) -> Figure:
    """S1 and ST of every factor side by side: of a quantity without dimensions, or aggregated over all cells.

    With second order its matrix stands beside them, the same rows in the same order.
    """
    data = subject.dataset
    factors = ranking(data, FACTORS)
    at, names = np.arange(len(factors)), factor_names(data, factors)
    beside = matrix_width(data, factors, ROW, names)
    figure = Figure(figsize=(7.2 + beside, 1.7 + ROW * len(factors) + (0.5 if beside else 0)), layout="constrained")
    axes, *rest = figure.subplots(1, 2 if beside else 1, squeeze=False, width_ratios=[7.2, beside] if beside else None)[
        0
    ]
    end = max(
        draw_bars(axes, data, "ST", factors, at - 0.19, 0.36), draw_bars(axes, data, "S1", factors, at + 0.19, 0.36)
    )
    dress_bars(axes, data, end)
    draw_floor(axes, subject.floor)
    axes.set_yticks(at, names, fontsize=LABEL)
    axes.set_ylim(len(factors) - 0.4, -0.6)
    axes.set_xlabel("share of the variance", fontsize=SMALL, color=INK)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, frameon=False, fontsize=SMALL, labelcolor=INK)
    for side in rest:
        draw_matrix(side, data, factors, names)
        side.set_ylim(len(factors) - 0.4, -0.6)
    heading(figure, subject.title, subject.caption + omitted(data, FACTORS) + noted(subject.floor, data))
    return figure
