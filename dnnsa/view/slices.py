"""Figures of a quantity with three dimensions or more: its last two, at some places of the others."""

from collections.abc import Iterator
from math import prod

import numpy as np
from matplotlib.figure import Figure

from dnnsa.view import results as read
from dnnsa.view.bars import Subject
from dnnsa.view.text import coordinate, count
from dnnsa.view.two_dims import moments_figure, two_dims_figure

PLACES = 8  # at most


def slices(subject: Subject) -> Iterator[tuple[str, Figure]]:
    """A place as text, ``case 3``, and the figure of what lies there; of many places every so many."""
    dataset = subject.dataset
    leading = read.dims(dataset)[:-2]
    sizes = tuple(dataset.sizes[dim] for dim in leading)
    every = prod(sizes)
    numbers = np.unique(np.linspace(0, every - 1, min(every, PLACES)).astype(int))
    told = f"; {len(numbers)} of {count(every, 'place', 'places')}" if len(numbers) < every else ""
    for number in numbers:
        at = dict(zip(leading, map(int, np.unravel_index(number, sizes)), strict=True))
        place = ", ".join(f"{dim} {coordinate(dataset[dim].values[i])}" for dim, i in at.items())
        title, caption = f"{subject.title[:-1]} at {place}?", subject.caption + told
        part = subject._replace(dataset=dataset.isel(at), title=title, caption=caption)
        if read.has_indices(dataset):
            caption += f"; the numbers are of all of {', '.join(leading)} together"
            yield place, two_dims_figure(part._replace(caption=caption))
        else:
            yield place, moments_figure(part)
