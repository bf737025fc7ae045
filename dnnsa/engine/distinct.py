"""Which runs of a study are the same: a discrete design draws some values again and again."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.draws import Draws, Points


class Distinct(NamedTuple):
    """A study's distinct runs, numbered as they first appear, those of a shorter study first."""

    values: Mapping[str, NDArray[Any]]  # factor -> (distinct,)
    number: NDArray[np.int64]  # (base points of a replicate, replicates, runs)

    @property
    def size(self) -> int:
        return len(next(iter(self.values.values())))

    def run(self, number: int) -> dict[str, NDArray[Any]]:
        """Each factor's value in one run, ``(1,)``."""
        return {name: values[number : number + 1] for name, values in self.values.items()}

    def base_points(self, numbers: Collection[int]) -> int:
        """How many base points have one of these runs."""
        return int(np.isin(self.number, list(numbers)).any(axis=2).sum())

    def of(self, points: Points) -> NDArray[np.int64]:
        """Numbers of the runs of consecutive base points, ``(size * runs,)``."""
        return self.number[points.start : points.start + points.size, points.replicate].reshape(-1)


def distinct_runs(draws: Draws) -> Distinct:
    """All runs of a study with what each factor is in them; of a few hundred thousand at most."""
    share = draws.base_points // draws.replicates
    drawn = [draws.runs(draws.points(replicate, 0, share)) for replicate in range(draws.replicates)]
    values = {name: np.stack([one[name] for one in drawn], axis=1).reshape(-1) for name in drawn[0]}
    codes = np.stack([_codes(array) for array in values.values()], axis=1)  # (runs of the study, factors)
    _, first, which = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    place = np.empty_like(first)  # of each group of equal runs, in order of appearance
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    order = np.sort(first)
    return Distinct(
        {name: array[order] for name, array in values.items()},
        place[which.reshape(-1)].reshape(share, draws.replicates, draws.layout.runs),
    )


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Equal numbers for equal values; scalars of any types, which need not compare with each other."""
    if values.dtype != object:
        return np.unique(values, return_inverse=True)[1].reshape(-1)
    seen: dict[tuple[type, Any], int] = {}
    return np.array([seen.setdefault((type(value), value), len(seen)) for value in values.tolist()])
