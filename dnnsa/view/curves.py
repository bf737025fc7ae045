"""Main effects as small curves, a panel a factor, those that move the quantity most first."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dnnsa.view.bars import Subject, factor_names, whiskers
from dnnsa.view.colours import FAINT, GRID, INK, S1_COLOUR, ST_COLOUR
from dnnsa.view.effects import Curve, curve
from dnnsa.view.palette import LABEL, SMALL, heading, plain_axes

PANELS, ACROSS = 24, 4  # at most: factors, and panels in a row
PANEL = (2.5, 2.0)  # inches
LETTERS = 9  # of a level's name that are written
CONTINUED = 2.0  # an outer part is drawn so many times as far beyond its median as its inner half is wide


def curves_figure(subject: Subject) -> Figure:
    """A panel a factor, all on one scale of the quantity, with the mean of all runs as a line."""
    data = subject.dataset
    order = _order(data)
    shown = order[:PANELS]
    rows, across = -(-len(shown) // ACROSS), min(ACROSS, len(shown))
    size = (max(6.4, PANEL[0] * across + 0.6), PANEL[1] * rows + 1.5)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, across, sharey=True, squeeze=False).ravel()
    curves = [curve(data, int(k)) for k in shown]
    for axes, one, name in zip(panels, curves, factor_names(data, shown), strict=False):
        _draw(axes, one)
        axes.set_title(name, loc="left", fontsize=LABEL, color=INK)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    bounds = np.concatenate([np.concatenate([one.value, one.lower, one.upper]) for one in curves])
    bounds = bounds[np.isfinite(bounds)]
    if bounds.size:
        margin = 0.06 * float(np.ptp(bounds)) or 1.0
        panels[0].set_ylim(float(bounds.min()) - margin, float(bounds.max()) + margin)
    p = data.sizes["factor"]
    more = f"; the {PANELS} of {p} factors that move it most" if p > PANELS else ""
    heading(figure, subject.title, subject.caption + more)
    return figure


def _order(data: Any) -> NDArray[np.intp]:
    """The factors by the variance of their curves, the largest first."""
    spread = []
    for k in range(data.sizes["factor"]):
        one = curve(data, k)
        known = np.isfinite(one.value)
        weight = one.number[known] / max(1, one.number[known].sum())
        mean = (weight * one.value[known]).sum()
        spread.append(float((weight * (one.value[known] - mean) ** 2).sum()))
    return np.argsort(-np.array(spread), kind="stable")


def _draw(axes: Axes, one: Curve) -> None:
    known = np.isfinite(one.value)
    if known.any():
        axes.axhline(
            np.average(one.value[known], weights=one.number[known]), color=FAINT, linewidth=0.8, linestyle="--"
        )
    if one.stepped:
        _steps(axes, one)
    else:
        bounds = whiskers(one.value[known], one.lower[known], one.upper[known])
        style: dict[str, Any] = {"color": ST_COLOUR, "ecolor": S1_COLOUR, "elinewidth": 3, "capsize": 0}
        axes.errorbar(one.middle[known], one.value[known], yerr=bounds, fmt="o", markersize=5, **style)
        axes.margins(x=0.15)
    if one.levels:
        texts = [text if len(text) <= LETTERS else text[: LETTERS - 1] + "." for text in one.levels]
        turned = sum(map(len, texts)) > 22
        axes.set_xticks(range(len(texts)), texts, rotation=30 if turned else 0, ha="right" if turned else "center")
        axes.set_xlim(-0.6, len(texts) - 0.4)
    plain_axes(axes)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)


def _steps(axes: Axes, one: Curve) -> None:
    """The curve as steps and its band, on the scale on which the factor's law is even."""
    if one.logarithmic:
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=5)
    ends = [np.log10(v) if one.logarithmic else v for v in (one.low, one.middle, one.high)]
    low, middle, high = ends
    edges = np.append(low, high[-1:])
    edges[0] = max(low[0], middle[0] - CONTINUED * (high[0] - middle[0]))  # tails have no end worth drawing
    edges[-1] = min(high[-1], middle[-1] + CONTINUED * (middle[-1] - low[-1]))
    drawn = 10.0**edges if one.logarithmic else edges
    ends = [np.append(values, values[-1:]) for values in (one.value, one.lower, one.upper)]
    axes.fill_between(drawn, ends[1], ends[2], step="post", color=S1_COLOUR, alpha=0.35, linewidth=0)
    axes.step(drawn, ends[0], where="post", color=ST_COLOUR, linewidth=1.6)
    axes.set_xlim(drawn[0], drawn[-1])
    axes.tick_params(axis="x", labelsize=SMALL)
