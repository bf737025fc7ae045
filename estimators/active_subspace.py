"""Active subspaces: the few directions in the space of factors along which a quantity varies."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import LEFT_OUT, OVERFLOW, TOO_FEW, Array, Beside, Block, Finalized, Map, share
from dnnsa.estimators.dgsm import (
    DgsmState,
    bound_of,
    check_slopes,
    constants_of,
    merged,
    status_of,
    values_and_slopes,
    variance,
)
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.layout import Layout
from dnnsa.settings import settings

MOST_FACTORS = 256  # a state has the square of it in each cell: 0.5 MB


class ActiveSubspaceState(NamedTuple):
    """Of the r runs of a base point that are independent draws."""

    seen: Array  # (*shape)     base points seen
    n: Array  # (*shape)        base points used: those whose runs, and derivatives at those r, are all finite
    mean: Array  # (r, *shape)
    m2: Array  # (r, *shape)    sum of squared deviations of each run
    c: Array  # (p, p, *shape)  mean product of the derivatives along two factors, over the r runs


@settings
class ActiveSubspace:
    """Eigenvalues and first eigenvectors of ``C = E[g g']``, g the derivatives along standardised factors.

    A factor's scale is the root of its Poincare constant: ``g_k = sqrt(C_k) df/dx_k``. For a normal law that is its
    standard deviation, for a uniform one 1.10 times it. So the diagonal of C over the variance is the bound of `dgsm`
    for total indices, and an activity score is the part of it that the first directions have. Integers, choices,
    samples and laws without a finite constant have no such scale: they are left out of C.

    References
    ----------
    Constantine, Active Subspaces, SIAM Spotlights 2, 2015.
    Constantine, Diaz, Global sensitivity metrics from active subspaces, Reliab. Eng. Syst. Saf. 162 (2017) 1-13.
    """

    kind: Literal["active_subspace"] = "active_subspace"
    quantity: str
    """The quantity that is differentiated."""
    gradient: str
    """The quantity that holds its derivatives by the value of each factor, factors first."""
    directions: int = 2
    """How many eigenvectors are kept, and make the activity scores; no more than there are factors."""
    level: float = 0.95
    """Probability that an interval holds its value, between 0 and 1."""

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.directions < 1:
            raise ValueError(f"`directions` must be 1 or more, got {self.directions}")

    @property
    def of(self) -> tuple[str, ...]:
        return (self.quantity,)

    @property
    def beside(self) -> dict[str, Beside]:
        return {self.gradient: "by factor"}

    def init(self, layout: Layout, shape: tuple[int, ...]) -> ActiveSubspaceState:
        check_slopes(self.kind, layout)
        p = len(layout.groups)
        if p > MOST_FACTORS:
            raise ValueError(
                f"`active_subspace` keeps p^2 numbers a cell and takes at most {MOST_FACTORS} factors, got {p}: "
                "use `dgsm`, or leave out what `dnnsa screen` finds inert"
            )
        if self.directions > p:
            raise ValueError(f"`directions` must be no more than the {p} factors, got {self.directions}")
        zero, runs = np.zeros(shape), np.zeros((layout.independent, *shape))
        return ActiveSubspaceState(zero, zero, runs, runs, np.zeros((p, p, *shape)))

    def update(self, state: ActiveSubspaceState, block: Block) -> ActiveSubspaceState:
        if not len(block.y):
            return state
        return self.merge(state, _block(block.y, block.beside[self.gradient], len(state.mean)))

    def merge(self, left: ActiveSubspaceState, right: ActiveSubspaceState) -> ActiveSubspaceState:
        return ActiveSubspaceState(*merged(left, right))

    def finalize(self, replicates: Sequence[ActiveSubspaceState], layout: Layout, resolution: float) -> Finalized:
        estimate = partial(_estimates, constants_of(layout), resolution, self.directions)
        maps = estimated(estimate, replicates, self.merge, self.level)
        for end in ("lower", "upper"):
            del maps[f"direction_component_{end}"]  # an eigenvector has no sign
        whole = reduce(self.merge, replicates)
        own = {
            "n_active_subspace": Map((), whole.n.astype(np.int64)),
            "status": Map((), status_of(_along(whole), resolution)),
        }
        counted = {"eigen": np.arange(len(whole.c)) + 1, "direction": np.arange(self.directions) + 1}
        return Finalized(maps | own, coords=counted)


def _block(y: NDArray[Any], gradient: NDArray[Any], r: int) -> ActiveSubspaceState:
    """The state of one block; y has shape ``(n, runs, *shape)`` and gradient ``(n, runs, p, *shape)``."""
    n, runs, p = gradient.shape[:3]
    values = n * max(runs, r * p)
    return ActiveSubspaceState(*by_tiles(partial(_tile, r=r), (y, gradient[:, :r]), values, y.shape[2:]))


def _tile(y: NDArray[Any], gradient: NDArray[Any], r: int) -> ActiveSubspaceState:
    """The state of one block in some cells; gradient has shape ``(n, r, p, cells)``."""
    seen, n, mean, m2, slope = values_and_slopes(y, gradient, r)
    with np.errstate(over="ignore", invalid="ignore"):  # told by the status of its cell
        products = np.stack([total(slope * slope[:, k : k + 1]) for k in range(slope.shape[1])])  # (p, p, cells)
        return ActiveSubspaceState(seen, n, mean, m2, c=share(products, r * n))


def _along(state: ActiveSubspaceState) -> DgsmState:
    """What there is along each factor by itself."""
    return DgsmState(*state[:4], nu=np.moveaxis(np.diagonal(state.c), -1, 0))


def _estimates(constants: Array, resolution: float, directions: int, state: ActiveSubspaceState) -> Mapping[str, Map]:
    """``constants`` as `constants_of` has them."""
    along, shape = _along(state), state.n.shape
    status = status_of(along, resolution)
    unknown = status & (TOO_FEW | OVERFLOW) != 0  # (*shape)
    out = ~np.isfinite(constants)  # (p,)
    scale = np.sqrt(np.where(out, 0, constants))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scaled = np.moveaxis(state.c, (0, 1), (-2, -1)) * np.outer(scale, scale)  # (*shape, p, p)
        eigenvalues, vectors = _spectrum(np.where(unknown[..., None, None], 0, scaled))
        whole = eigenvalues.sum(axis=0)
        first = vectors[:directions]  # (k, p, *shape)
        activity = (eigenvalues[:directions, None] * first**2).sum(axis=0) / variance(along)  # (p, *shape)
        shares = eigenvalues / whole
    none = out.reshape(-1, *(1,) * len(shape))  # (p, 1, ...)
    values = {
        "eigenvalue": (("eigen",), np.where(unknown, np.nan, eigenvalues)),
        "eigenvalue_share": (("eigen",), np.where(unknown | (whole == 0), np.nan, shares)),
        "direction_component": (("direction", "factor"), np.where(unknown | (whole == 0) | none, np.nan, first)),
        "activity": (("factor",), np.where((status & ~LEFT_OUT != 0) | none, np.nan, activity)),
        "activity_bound": (("factor",), bound_of(constants, resolution, along)),
    }
    return {name: Map(leading, array) for name, (leading, array) in values.items()}


def _spectrum(matrices: Array) -> tuple[Array, Array]:
    """Eigenvalues ``(p, *shape)``, the largest first, and eigenvectors ``(p, p, *shape)``, the first axis theirs.

    The component of largest magnitude of each is above 0.
    """
    eigenvalues, vectors = np.linalg.eigh(matrices)  # (*shape, p) rising, (*shape, p, p) with vectors as columns
    vectors = np.moveaxis(vectors, (-1, -2), (0, 1))[::-1]  # (p, p, *shape)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1, keepdims=True), axis=1)
    return np.maximum(np.moveaxis(eigenvalues, -1, 0)[::-1], 0), vectors * np.where(largest < 0, -1.0, 1.0)
