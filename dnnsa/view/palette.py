"""One look for all figures: colours that colour-blind readers can tell apart, and one scale for indices."""

from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dnnsa.view.colours import ANCHORS, FAINT, HIGHEST, INK, LOWEST, MISSING_COLOUR

TITLE, LABEL, SMALL = 15.0, 10.0, 9.0  # points
DPI = 150

SCALE = LinearSegmentedColormap.from_list(
    "dnnsa_index", [((v - LOWEST) / (HIGHEST - LOWEST), colour) for v, colour in ANCHORS.items()], N=3000
)
NORM = Normalize(LOWEST, HIGHEST)
MISSING: dict[str, Any] = {"facecolor": MISSING_COLOUR, "edgecolor": "#b4bac2", "hatch": "////"}


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
