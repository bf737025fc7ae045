"""Sobol' indices of first, total and second order from pick-freeze runs, in one pass, mergeable."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import LEFT_OUT, NO_VARIANCE, Array, Beside, Block, Finalized, Map, Ratio, share
from dnnsa.estimators.control import control, controlled
from dnnsa.estimators.fold import fold
from dnnsa.estimators.indices import FORMS
from dnnsa.estimators.intervals import check_level, fisher, jackknife, left_out
from dnnsa.estimators.pick_freeze import SobolState, empty, merge, no_control
from dnnsa.estimators.values import flags
from dnnsa.layout import PICK_FREEZE, Layout
from dnnsa.settings import settings

FEWEST = 3  # base points: two determine a correlation whatever they are
FIRST, TOTAL, SECOND = ("factor",), ("factor",), ("factor", "factor_2")


@settings
class Sobol:
    """Sobol' indices: the share of the variance that a factor explains alone, and with all its interactions.

    One state serves every form; `estimator` says which is computed of it at the end.

    References
    ----------
    Martinez, Analyse de sensibilite globale par decomposition de la variance, GdR Ondes & MASCOT-NUM, 2011.
    Glen, Isaacs, Estimating Sobol sensitivity indices using correlations, Environ. Model. Softw. 37 (2012) 157-166, for
    corrections of chance correlation, of whose family `corrected` is.
    Jansen, Analysis of variance designs for model output, Comput. Phys. Commun. 117 (1999) 35-43.
    Janon, Klein, Lagnoux, Nodet, Prieur, Asymptotic normality and efficiency of two Sobol index estimators, ESAIM
    Probab. Stat. 18 (2014) 342-364.
    Saltelli et al., Variance based sensitivity analysis of model output, Comput. Phys. Commun. 181 (2010) 259-270.
    Saltelli, Making best use of model evaluations to compute sensitivity indices, Comput. Phys. Commun. 145 (2002)
    280-297, for second order.
    """

    kind: Literal["sobol"] = "sobol"
    estimator: Literal["corrected", "martinez", "jansen", "janon", "saltelli2010"] = "corrected"
    """The form: `corrected` is Martinez's, freed of the chance correlation of A and B."""
    intervals: Literal["replicates", "fisher"] = "replicates"
    """`fisher` is Fisher's z, for `martinez` alone: it assumes normal outputs, and holds too seldom for others."""
    control: Literal["none", "linear"] = "none"
    """`linear` takes out of all sums what the linear part of the model added to them by chance."""
    level: float = 0.95
    """Probability that an interval holds its index, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.intervals == "fisher" and self.control != "none":
            raise ValueError("`intervals: fisher` knows nothing of `control: linear`: leave one of the two out")
        if self.intervals == "fisher" and self.estimator != "martinez":
            raise ValueError(
                f"`intervals: fisher` is for correlations, with `estimator: martinez`, got estimator: {self.estimator}"
            )

    def init(self, layout: Layout, shape: tuple[int, ...]) -> SobolState:
        if layout.pattern != PICK_FREEZE:
            raise ValueError(
                "`sobol` needs pick-freeze runs: use `design: {kind: saltelli}`, or an external table with `pattern: "
                "pick-freeze`"
            )
        return empty(layout, shape, self.control == "linear")

    def update(self, state: SobolState, block: Block) -> SobolState:
        if not len(block.y):
            return state
        sums = fold(block.y, len(state.c_ec) > 0)
        n = sums.n if np.any(sums.n != sums.n.flat[0]) else sums.n.flat[0]
        known = control(block, state.groups) if len(state.groups) else no_control((), block.y.shape[2:])
        return merge(state, SobolState(np.asarray(float(len(block.y))), np.asarray(n), *sums[1:], *known))

    def merge(self, left: SobolState, right: SobolState) -> SobolState:
        return merge(left, right)

    def finalize(self, replicates: Sequence[SobolState], layout: Layout, resolution: float) -> Finalized:
        whole = reduce(merge, replicates)
        values = partial(self._values, resolution=resolution)
        parts = [values(whole), *left_out(values, replicates, merge)]
        maps: dict[str, Map] = {}
        ratios: dict[str, Ratio] = {}
        for name, (leading, scale) in self._names(layout).items():
            index = np.array([part[name] for part in parts])  # (1 + R, *leading, *shape)
            if self.intervals == "fisher" and name != "S2":
                lower, upper = fisher(index[0], whole.n, self.level, scale)
            else:
                lower, upper = jackknife(index[0], index[1:], self.level, scale)
            maps |= {
                name: Map(leading, index[0]),
                f"{name}_lower": Map(leading, lower),
                f"{name}_upper": Map(leading, upper),
            }
            ratios[name] = _ratio(leading, index, np.array([part["variance"] for part in parts]), scale)
        n = np.broadcast_to(whole.n, whole.c_ab.shape).astype(np.int64)
        status = _status(whole, resolution)
        untold = np.isnan(maps["S1"].array).any(axis=0) & ((status & ~LEFT_OUT) == 0)  # A and B do not vary apart
        status = status | np.where(untold, NO_VARIANCE, np.uint8(0))
        return Finalized(maps | {"n": Map((), n), "status": Map((), status)}, ratios)

    def _names(self, layout: Layout) -> dict[str, tuple[tuple[str, ...], str]]:
        """The indices, what leads their dimensions, and the scale of their intervals."""
        # Martinez's indices are correlations; the corrected first one may pass 1, where its scale would end.
        first = "correlation" if self.estimator == "martinez" else "plain"
        total = "complement" if self.estimator in ("martinez", "corrected") else "plain"
        names = {"S1": (FIRST, first), "ST": (TOTAL, total)}
        return names | ({"S2": (SECOND, "plain")} if layout.second_order else {})

    def _values(self, state: SobolState, resolution: float) -> dict[str, Array]:
        """S1, ST and S2, NaN where a run does not vary or base points are too few; and the variance."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            sums = controlled(state) if len(state.groups) else state
            first, total, closed, pair = FORMS[self.estimator](sums)
            g = len(first)
            still = _still(state, resolution)  # (runs, *shape)
            dead = still[:2].any(axis=0) | (state.n < FEWEST) | still[2 : 2 + g]  # (g, *shape)
            values = {"S1": np.where(dead, np.nan, first), "ST": np.where(dead, np.nan, total)}
            values["variance"] = _variance(state, resolution)
            if len(closed):
                none = dead[:, None] | dead | still[2 + g :] | still[2 + g :, None]
                none = none | np.eye(g, dtype=bool).reshape(g, g, *(1,) * (closed.ndim - 2))
                values["S2"] = np.where(none, np.nan, closed - (pair[:, None] + pair))
        return values


def _still(state: SobolState, resolution: float) -> NDArray[np.bool_]:
    """Which runs have no variance beyond their outputs' rounding, ``(runs, *shape)``; relative, never absolute."""
    sd = np.sqrt(share(state.m2, state.n - 1))
    return np.asarray(sd <= 8 * resolution * np.abs(state.mean))


def _variance(state: SobolState, resolution: float) -> Array:
    """Variance of A and B, ``(*shape)``; 0 where there is none to explain."""
    with np.errstate(over="ignore", invalid="ignore"):
        dead = _still(state, resolution)[:2].any(axis=0) | (state.n < FEWEST)
        return np.where(dead, 0.0, share(state.m2[0] + state.m2[1], 2 * (state.n - 1)))


def _status(state: SobolState, resolution: float) -> NDArray[np.uint8]:
    few = state.n < FEWEST
    still = ~few & _still(state, resolution).any(axis=0)
    return flags(state.seen, state.n, few, still, np.isfinite(state.m2).all(axis=0))


def _ratio(leading: tuple[str, ...], values: Array, variances: Array, scale: str) -> Ratio:
    """Sums over cells of index times V and of V, for the whole and without each replicate; NaN does not count."""
    v = variances.reshape(len(variances), *(1,) * len(leading), *variances.shape[1:])
    counts = np.isfinite(values) & np.isfinite(v)  # (1 + R, *leading, *shape)
    weights = np.where(counts, v, 0.0)
    cells = tuple(range(1 + len(leading), values.ndim))
    return Ratio(leading, (np.where(counts, values, 0.0) * weights).sum(axis=cells), weights.sum(axis=cells), scale)
