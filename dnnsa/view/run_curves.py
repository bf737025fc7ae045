"""Curves of single runs over epochs, coloured by the factor that drives them most, with the median of each group."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dnnsa.factors import Range, holds
from dnnsa.reading import read_text
from dnnsa.view import results as read
from dnnsa.view.bars import Subject, factor_names, ranking
from dnnsa.view.colours import FAINT, GRID, INK
from dnnsa.view.palette import LABEL, SMALL, heading, plain_axes
from dnnsa.view.text import coordinate, count, number

EPOCH = "epoch"  # the dimension whose curves are drawn
RUNS = 1000  # at most
FEW = 8  # values, at most, of which each has a colour and a median
PARTS = 4  # groups of equally many runs, of a factor with more values
LOGARITHMIC = 100  # times the smallest value, if the largest is more, and the axis is logarithmic
WORDS = ("#1d5c9e", "#e0761b", "#2f9e78", "#8e44ad", "#b8960b", "#c2185b", "#5d6b78", "#17a2b8")  # of what has no order
SHADES = ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)), name="dnnsa_runs")  # of what has one


class Leading(NamedTuple):
    """The factor that curves are coloured by."""

    name: str
    label: str
    total: float  # its ST, aggregated
    values: NDArray[Any]  # (runs,)
    active: NDArray[np.bool_]  # (runs,)
    levels: list[str]  # of a choice
    logarithmic: bool
    largest: bool  # of all factors; else of those that are in no group

    @property
    def distinct(self) -> list[Any]:
        """Its values."""
        return list(dict.fromkeys(self.values[self.active].tolist()))

    @property
    def few(self) -> bool:
        """Whether each value has a colour of its own, and not a place on a scale."""
        return bool(self.levels) or len(self.distinct) <= FEW


class Group(NamedTuple):
    """Runs that have one median."""

    label: str
    members: NDArray[np.bool_]  # (runs,)
    colour: Any


def has_run_curves(results: read.Results, quantity: str) -> bool:
    """Whether a quantity over epochs has its single runs in the store, and a factor to colour them by."""
    dataset = read.quantities(results)[quantity]
    if read.RUNS not in results.children or read.dims(dataset) != (EPOCH,) or not read.has_indices(dataset):
        return False
    runs = results.children[read.RUNS].dataset
    return quantity in runs and any(str(name) in runs.coords for name in dataset["factor"].values)


def run_curves(subject: Subject, results: read.Results, quantity: str) -> Figure:
    """A thin line a run, and thick ones for the medians of runs that are alike in the leading factor."""
    runs = results.children[read.RUNS].dataset
    done = _done(runs)
    picked = done[np.unique(np.linspace(0, len(done) - 1, min(RUNS, len(done))).astype(int))]
    lead = _leading(subject.dataset, runs, picked, read_text(str(results.attrs["study"]))["factors"])
    y = runs[quantity].values[picked]  # (runs, epoch)
    x = subject.dataset[EPOCH].values if EPOCH in subject.dataset.coords else np.arange(1, y.shape[1] + 1)
    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.add_subplot()
    _draw(figure, axes, x, y, lead)
    _dress(axes, y)
    heading(figure, subject.title.format(lead.label), _caption(subject.caption, len(picked), len(done), lead))
    return figure


def _caption(study: str, drawn: int, of: int, lead: Leading) -> str:
    runs = f"{'all ' if drawn == of else f'{drawn} of '}{count(of, 'run', 'runs')}"
    medians = "the median of each value" if lead.few else f"medians of {PARTS} parts of them, from low to high"
    which = "the largest" if lead.largest else "the largest of those in no group"
    return f"{study}: {runs} and {medians}; aggregated ST of {lead.label}, {which}: {number(lead.total, 2)}"


def _done(runs: Any) -> NDArray[np.intp]:
    state = runs["state"]
    by_name = dict(zip(state.attrs["flag_meanings"].split(), np.asarray(state.attrs["flag_values"]), strict=True))
    return np.flatnonzero(state.values == by_name["done"])


def _leading(dataset: Any, runs: Any, picked: NDArray[np.intp], factors: Mapping[str, Any]) -> Leading:
    """The factor of the largest ST that runs have a column of; a group has none."""
    order = ranking(dataset, dataset.sizes["factor"])
    names = [str(name) for name in dataset["factor"].values]
    k = next(int(k) for k in order if names[k] in runs.coords)
    levels = str(dataset["levels"].values[k]) if "levels" in dataset.coords else ""
    law = str(dataset["law"].values[k]) if "law" in dataset.coords else ""
    return Leading(
        names[k],
        factor_names(dataset, np.array([k]))[0],
        float(dataset[read.summarised("ST", dataset)].values[k]),
        runs[names[k]].values[picked],
        _active(names[k], factors, runs, picked),
        [str(level) for level in json.loads(levels)] if levels.startswith("[") else [],
        law.startswith("loguniform"),
        k == int(order[0]),
    )


def _active(name: str, factors: Mapping[str, Any], runs: Any, picked: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where a factor is active, ``(runs,)``: where it is not, its value in the store says nothing."""
    active = np.ones(len(picked), dtype=bool)
    for other, said in (factors.get(name, {}).get("when") or {}).items():
        condition = Range(**said) if isinstance(said, Mapping) else tuple(said) if isinstance(said, list) else said
        active &= _active(other, factors, runs, picked) & holds(condition, runs[other].values[picked])
    return active


# what is drawn --------------------------------------------------------------------------------------------------------


def _draw(figure: Figure, axes: Axes, x: NDArray[Any], y: NDArray[Any], lead: Leading) -> None:
    if lead.few:
        groups = _of_each_value(lead)
        colours = np.full((len(y), 4), np.nan)
        for group in groups:
            colours[group.members] = to_rgba(group.colour)
    else:
        scale = _scale(lead)
        groups = _of_parts(lead, scale)
        colours = scale.to_rgba(np.asarray(lead.values, dtype=float))
    colours[~lead.active] = to_rgba(FAINT)
    colours[:, 3] = np.clip(100 / len(y), 0.12, 0.6)
    lines = np.stack([np.broadcast_to(x, y.shape), y], axis=-1)  # (runs, epoch, 2)
    axes.add_collection(LineCollection(list(lines), colors=list(colours), linewidths=0.7))
    if not lead.active.all():
        groups = [*groups, Group("not active", ~lead.active, FAINT)]
    for group in groups:
        axes.plot(
            x,
            np.nanmedian(y[group.members], axis=0),
            color=group.colour,
            linewidth=2.6,
            label=group.label,
            path_effects=[Stroke(linewidth=4.6, foreground="white"), Normal()],
            zorder=3,
        )
    if any(group.label for group in groups):
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=4, frameon=False, fontsize=SMALL, labelcolor=INK)
    if not lead.few:
        bar = figure.colorbar(scale, ax=axes, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.tick_params(which="both", length=0, labelsize=SMALL, labelcolor=INK)
        bar.set_label(lead.label, fontsize=LABEL, color=INK)


def _of_each_value(lead: Leading) -> list[Group]:
    """A group a value, in the order of the study file, or of numbers."""
    distinct = lead.distinct
    ordered = bool(distinct) and not any(isinstance(value, str | bool) for value in distinct)
    known = {level: place for place, level in enumerate(lead.levels)}
    values = sorted(distinct, key=lambda v: (0, v) if ordered else (known.get(str(v), len(known)), str(v)))
    shades = SHADES(np.linspace(0, 1, max(2, len(values))))
    return [
        Group(
            coordinate(value),
            lead.active & np.array([other == value for other in lead.values.tolist()], dtype=bool),
            shades[place] if ordered or len(values) > len(WORDS) else WORDS[place],
        )
        for place, value in enumerate(values)
    ]


def _of_parts(lead: Leading, scale: ScalarMappable) -> list[Group]:
    """Groups of equally many runs, from low to high."""
    values = np.asarray(lead.values, dtype=float)
    edges = np.quantile(values[lead.active], np.linspace(0, 1, PARTS + 1))
    part = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, PARTS - 1)
    found = []
    for number_of in range(PARTS):
        members = lead.active & (part == number_of)
        if members.any():
            found.append(Group("", members, scale.to_rgba(np.median(values[members], keepdims=True))[0]))
    return found


def _scale(lead: Leading) -> ScalarMappable:
    values = np.asarray(lead.values, dtype=float)[lead.active]
    kind = LogNorm if lead.logarithmic and values.min() > 0 else Normalize
    return ScalarMappable(kind(float(values.min()), float(values.max())), SHADES)


def _dress(axes: Axes, y: NDArray[Any]) -> None:
    known = y[np.isfinite(y)]
    if known.size and known.min() > 0 and known.max() > LOGARITHMIC * known.min():
        axes.set_yscale("log")
    axes.autoscale_view()
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(EPOCH, fontsize=SMALL, color=INK)
    plain_axes(axes)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
