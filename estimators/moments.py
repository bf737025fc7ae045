"""Mean, variance, skewness and kurtosis of a quantity, in one pass, mergeable."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import LEFT_OUT, NO_VARIANCE, OVERFLOW, TOO_FEW, Array, Finalized, Map, share, sound
from dnnsa.settings import settings


class MomentsState(NamedTuple):
    """Sums of powers of the deviations from the mean of the values of A and B: two for each base point."""

    seen: Array  # (*shape)  base points seen
    n: Array  # (*shape)     base points used: those whose runs are all finite
    mean: Array  # (*shape)
    m2: Array  # (*shape)    sum of squared deviations
    m3: Array  # (*shape)    sum of cubed deviations
    m4: Array  # (*shape)    sum of fourth powers of deviations


@settings
class Moments:
    """Moments to order four of the values of the runs A and B, which are independent draws of the factors.

    ``variance`` divides by the number of values less one; ``skewness`` is m3 / m2^1.5 and ``kurtosis`` m4 / m2^2 (3 for
    a normal law, nothing subtracted) of the mean powers of deviations.

    References
    ----------
    Pebay, Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments,
    Sandia report SAND2008-6212, 2008.
    """

    kind: Literal["moments"] = "moments"

    def init(self, p: int, shape: tuple[int, ...]) -> MomentsState:
        zero = np.zeros(shape)
        return MomentsState(zero, zero, zero, zero, zero, zero)

    def update(self, state: MomentsState, y: NDArray[Any]) -> MomentsState:
        return self.merge(state, _block(y)) if len(y) else state

    def merge(self, left: MomentsState, right: MomentsState) -> MomentsState:
        a, b = 2 * left.n, 2 * right.n  # values
        n = a + b
        p, q = share(a, n), share(b, n)
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            d = right.mean - left.mean
            f = p * b  # a b / n
            return MomentsState(
                seen=left.seen + right.seen,
                n=left.n + right.n,
                mean=left.mean + d * q,
                m2=left.m2 + right.m2 + f * d * d,
                m3=left.m3 + right.m3 + f * d**3 * (p - q) + 3 * d * (p * right.m2 - q * left.m2),
                m4=left.m4
                + right.m4
                + f * d**4 * (p * p - p * q + q * q)
                + 6 * d * d * (p * p * right.m2 + q * q * left.m2)
                + 4 * d * (p * right.m3 - q * left.m3),
            )

    def finalize(self, replicates: Sequence[MomentsState], resolution: float) -> Finalized:
        state = reduce(self.merge, replicates)
        values = 2 * state.n
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            variance = np.where(state.n < 1, np.nan, state.m2 / (values - 1))
            still = np.sqrt(variance) <= 8 * resolution * np.abs(state.mean)
            shape = np.where(still, np.nan, state.m2)  # no shape where there is no spread
            maps = {
                "mean": np.where(state.n < 1, np.nan, state.mean),
                "variance": variance,
                "skewness": np.sqrt(values) * state.m3 / shape**1.5,
                "kurtosis": values * state.m4 / shape**2,
            }
        status = (
            np.where(state.n < state.seen, LEFT_OUT, 0)
            | np.where(state.n < 1, TOO_FEW, 0)
            | np.where(still, NO_VARIANCE, 0)
            | np.where(np.isfinite(state.m4), 0, OVERFLOW)
        ).astype(np.uint8)
        maps_of = {name: Map((), array) for name, array in maps.items()}
        return Finalized(maps_of | {"n": Map((), state.n.astype(np.int64)), "status": Map((), status)}, {})


def _block(y: NDArray[Any]) -> MomentsState:
    """The state of one block; y has shape ``(n, runs, *shape)`` and its runs 0 and 1 are A and B."""
    good = sound(y)  # (n, *shape)
    n = good.sum(axis=0, dtype=np.float64)
    ab = np.where(good[:, None], y[:, :2], 0).astype(np.float64).reshape(-1, *n.shape)  # (2 n, *shape)
    use = np.repeat(good, 2, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = share(ab.sum(axis=0), 2 * n)
        mean = mean + share(np.where(use, ab - mean, 0).sum(axis=0), 2 * n)  # what rounding left of it
        d = np.where(use, ab - mean, 0)
        d2 = d * d
        return MomentsState(
            seen=np.full(n.shape, float(len(y))),
            n=n,
            mean=mean,
            m2=d2.sum(axis=0),
            m3=(d2 * d).sum(axis=0),
            m4=(d2 * d2).sum(axis=0),
        )
