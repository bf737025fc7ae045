"""Figures of a study's results, drawn without pyplot: in notebooks and workers nothing global changes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from dnnsa.errors import InputError
from dnnsa.view import results as read
from dnnsa.view.bars import Subject, bars_figure
from dnnsa.view.curves import curves_figure
from dnnsa.view.effects import has_curves
from dnnsa.view.luck import floor
from dnnsa.view.one_dim import course_figure, one_dim_figure
from dnnsa.view.palette import DPI
from dnnsa.view.pixels import pixels_figure
from dnnsa.view.run_curves import has_run_curves, run_curves
from dnnsa.view.screening import MEASURES, measures, screening_figure
from dnnsa.view.slices import slices
from dnnsa.view.text import count
from dnnsa.view.two_dims import moments_figure, two_dims_figure

CASE = "case"  # the dimension whose cells are nominal inputs
NOTHING = (
    "nothing to draw of {}: figures show Sobol' indices, moments along dimensions and, without dimensions, "
    f"{', '.join(f'`{name}`' for name in (*MEASURES, 'main_effect'))}: see `estimators`, and `dnnsa show` for what "
    "there is."
)


def plot(
    results: read.Results,
    folder: str | Path,
    thumbnails: ArrayLike | None = None,
    pixel_maps: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Path]:
    """Write a PNG for each quantity, ``<name>-<quantity>.png``, and say which.

    One that has main effects beside indices has another figure, ``<name>-<quantity>-main_effects.png``; so has one over
    epochs whose single runs are kept, ``<name>-<quantity>-runs.png``. One with three dimensions or more also has its
    last two at each of up to eight places of the others, ``<name>-<quantity>-case_3.png``.

    Parameters
    ----------
    results
        The ``xarray.DataTree`` of a complete store.
    folder
        Where to; it is made if it is not there.
    thumbnails
        Nominal images, shape ``(case, h, w)`` or ``(case, h, w, channels)``, to stand above the cells of quantities
        whose only dimension is ``case``.
    pixel_maps
        By quantity and by mask, indices of the mask's cells as maps of the images, for a figure more of each,
        ``<name>-<quantity>-<mask>.png``.

    Returns
    -------
        The files in the order of the quantities that have something to draw; see `figure`.

    Raises
    ------
    InputError
        Nothing can be drawn of any of them.
    """
    folder = Path(folder)
    drawn: dict[str, Figure] = {}
    for name in _names(results):
        if _drawable(results, name):
            drawn[name] = figure(results, name, thumbnails)
        drawn |= {f"{name}-{place}": picture for place, picture in slice_figures(results, name)}
        if has_curves(read.quantities(results)[name]):
            drawn[f"{name}-main_effects" if name in drawn else name] = main_effects_figure(results, name)
        if has_run_curves(results, name):
            drawn[f"{name}-runs"] = run_curves_figure(results, name)
        for cells, maps in (pixel_maps or {}).get(name, {}).items():
            if "ST" in maps:
                drawn[f"{name}-{cells}"] = _pixels(results, name, maps, thumbnails)
    if not drawn:
        raise InputError(NOTHING.format(", ".join(f"`{name}`" for name in _names(results))))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, picture in drawn.items():
        paths.append(folder / f"{_file_name(str(results.attrs['name']))}-{_file_name(name)}.png")
        picture.savefig(paths[-1], dpi=DPI)
    return paths


def figure(results: read.Results, quantity: str, thumbnails: ArrayLike | None = None) -> Figure:
    """The figure of one quantity; see `plot` for ``thumbnails``.

    Without dimensions bars of S1 and ST with intervals; with one, maps with the aggregated indices at the side; with
    two, small maps for each factor; with more, bars of the aggregated indices. Second order stands beside the bars.

    Without Sobol' indices: Morris's plane or bars of other measures of a quantity without dimensions, and the moments
    of one with one or two. Main effects are in a figure of their own, `main_effects_figure`.

    Raises
    ------
    InputError
        There is no such quantity, or nothing to draw of it.
    """
    if quantity not in _names(results):
        known = ", ".join(f"`{name}`" for name in _names(results))
        raise InputError(f"no quantity `{quantity}` in these results: they hold {known}.")
    if not _drawable(results, quantity):
        raise InputError(NOTHING.format(f"`{quantity}`"))
    dataset = read.quantities(results)[quantity]
    dims = read.dims(dataset)
    if not read.has_indices(dataset):
        if shown := measures(dataset):
            what = ", ".join(MEASURES[name][0] for name in shown)
            return screening_figure(Subject(dataset, f"What drives {quantity}?", _caption(results, what, dataset)))
        subject = Subject(dataset, f"How does {quantity} vary?", _caption(results, "moments"))
        return course_figure(subject) if len(dims) == 1 else moments_figure(subject)
    caption = _caption(results, "Sobol' indices", dataset)
    subject = Subject(dataset, f"What drives {quantity}?", caption, floor(results.attrs, dataset))
    if len(dims) == 1:
        return one_dim_figure(subject, _pictures(dataset, thumbnails) if dims == (CASE,) else None)
    if len(dims) == 2:
        return two_dims_figure(subject)
    over = f" (all of {', '.join(dims)} together)" if dims else ""
    return bars_figure(subject._replace(title=subject.title + over))


def main_effects_figure(results: read.Results, quantity: str) -> Figure:
    """The curves of a quantity without dimensions, a panel a factor, with bands.

    Raises
    ------
    InputError
        There is no such quantity, or it has no main effects.
    """
    if quantity not in _names(results) or not has_curves(read.quantities(results)[quantity]):
        raise InputError(f"no main effects of `{quantity}` in these results: see `main_effects` of `estimators`.")
    dataset = read.quantities(results)[quantity]
    return curves_figure(
        Subject(dataset, f"How does {quantity} go with each factor?", _caption(results, "mean in each part", dataset))
    )


def slice_figures(results: read.Results, quantity: str) -> Iterator[tuple[str, Figure]]:
    """Figures of a quantity with three dimensions or more, each with its place as text; none of one with fewer."""
    dataset = read.quantities(results)[quantity]
    if len(read.dims(dataset)) < 3:
        return
    if read.has_indices(dataset):
        caption = _caption(results, "Sobol' indices", dataset)
        yield from slices(Subject(dataset, f"What drives {quantity}?", caption))
    elif _has_moments(dataset):
        yield from slices(Subject(dataset, f"How does {quantity} vary?", _caption(results, "moments")))


def run_curves_figure(results: read.Results, quantity: str) -> Figure:
    """The curves of single runs over epochs, coloured by the factor with the largest aggregated ST.

    Raises
    ------
    InputError
        There is no such quantity, or it has no curves or no index, or its runs are not kept.
    """
    if quantity not in _names(results) or not has_run_curves(results, quantity):
        raise InputError(
            f"no curves of single runs of `{quantity}` in these results: it takes Sobol' indices of a quantity over "
            "epochs, and `granularity: run`."
        )
    dataset = read.quantities(results)[quantity]
    return run_curves(
        Subject(dataset, f"How does {quantity} go with {{}}?", str(results.attrs["name"])), results, quantity
    )


def _pixels(results: read.Results, quantity: str, maps: Any, thumbnails: ArrayLike | None) -> Figure:
    dataset = read.quantities(results)[quantity]
    caption = _caption(results, "Sobol' indices of the cells of a mask", dataset)
    return pixels_figure(f"What of the image drives {quantity}?", caption, maps, _pictures(dataset, thumbnails))


def _names(results: read.Results) -> list[str]:
    names = list(read.quantities(results))
    if not names:
        raise InputError(
            f"nothing to draw: the study `{results.attrs['name']}` is {results.attrs['status']}, not complete; "
            "`dnnsa run` of the same study goes on from there."
        )
    return names


def _drawable(results: read.Results, quantity: str) -> bool:
    dataset = read.quantities(results)[quantity]
    few = len(read.dims(dataset)) in (1, 2)
    return read.has_indices(dataset) or bool(measures(dataset)) or (few and _has_moments(dataset))


def _has_moments(dataset: Any) -> bool:
    return "mean" in dataset and "variance" in dataset


def _caption(results: read.Results, what: str, dataset: Any = None) -> str:
    level = read.level(results)
    interval = "" if level is None or dataset is None else f"; intervals of {100 * level:g} %"
    done = int(results.attrs["base_points_done"])
    return f"{results.attrs['name']}: {what} from {count(done, 'base point', 'base points')}{interval}"


def _pictures(dataset: Any, thumbnails: ArrayLike | None) -> NDArray[Any] | None:
    if thumbnails is None:
        return None
    images = np.asarray(thumbnails)
    cases = dataset.sizes[CASE]
    if images.ndim not in (3, 4) or len(images) != cases:
        raise InputError(
            f"`thumbnails` must have shape ({cases}, h, w) or ({cases}, h, w, channels), one image a case, "
            f"got {images.shape}."
        )
    return images


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)
