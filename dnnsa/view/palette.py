"""One look for all figures: colours that colour-blind readers can tell apart, and one scale for indices."""

from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
ST_COLOUR, S1_COLOUR = "#1d5c9e", "#58b5c4"
TITLE, LABEL, SMALL = 15.0, 10.0, 9.0  # points
DPI = 150

# Indices are in [0, 1] and their estimates in [-1, 2]: one colour for each value, the same in every figure.
LOWEST, HIGHEST = -1.0, 2.0
_ANCHORS = {
    -1.0: "#7a0177",
    -0.3: "#dd7bb4",
    0.0: "#fffff4",
    0.06: "#eff8c9",
    0.16: "#c3e7b5",
    0.3: "#7bcbbc",
    0.45: "#3fafc4",
    0.62: "#2386bb",
    0.8: "#2455a2",
    1.0: "#0f2163",
    1.3: "#5b1a1a",
    2.0: "#d95f02",
}
SCALE = LinearSegmentedColormap.from_list(
    "dnnsa_index", [((v - LOWEST) / (HIGHEST - LOWEST), colour) for v, colour in _ANCHORS.items()], N=3000
)
NORM = Normalize(LOWEST, HIGHEST)
MISSING: dict[str, Any] = {"facecolor": "#ececec", "edgecolor": "#b4bac2", "hatch": "////"}


def heading(figure: Figure, title: str, caption: str) -> None:
    """What is asked above, what was computed below, in as many lines as the width of the figure asks for."""
    width = figure.get_figwidth()
    title, caption = fill(title, int(7 * width)), fill(caption, int(12.5 * width))
    figure.suptitle(title, x=0.012, ha="left", fontsize=TITLE, fontweight="bold", color=INK)
    figure.supxlabel(caption, x=0.012, ha="left", fontsize=SMALL, color=FAINT)


def name_panel(axes: Axes, name: str, meaning: str = "") -> None:
    """A panel's name in bold over its left end, and what it means beside it."""
    bold = name.replace("_", r"\_")
    axes.set_title(rf"$\bf{{{bold}}}$  {meaning}".strip(), loc="left", fontsize=LABEL, color=INK)


def plain_axes(axes: Axes) -> None:
    """No frame, no tick marks, small dark labels."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(which="both", length=0, labelsize=SMALL, labelcolor=INK)


def missing_patch() -> Patch:
    """The legend's entry for cells without an index."""
    return Patch(label="no variance, no index", linewidth=0, **MISSING)
