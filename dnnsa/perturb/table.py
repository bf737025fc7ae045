"""What happens to the features of a table: noise and drift in units of their own spread, and values of other rows."""

from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    beside,
    check_not_negative,
    check_seed,
    named,
    nan_below_zero,
    seeds,
    strength,
)
from dnnsa.settings import settings
from dnnsa.threefry import normals, uniforms

Columns = tuple[int, ...] | None


@settings
class FeatureNoise:
    """Independent normal numbers added to features, each in units of the feature's own standard deviation.

    They depend on the seed, on the position of the case in its file and on the column, and on nothing else.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["feature_noise"] = "feature_noise"
    sd: FactorOrNumber
    """Standard deviation of the noise, in standard deviations of the feature over all inputs of the file, 0 or more."""
    seed: FactorOrInteger
    """Which noise: a factor of integers, or an integer; all 64-bit values are different noise."""
    columns: Columns = None
    """Numbers of the features, counted from 0; all unless given."""

    def __post_init__(self) -> None:
        check_not_negative("sd", self.sd)
        check_seed(self.seed)
        _check_columns(self.columns)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.sd, self.seed)

    def bind(self, data: Data) -> Apply:
        spread = _spread(self.kind, self.columns, data)

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            sd = beside(nan_below_zero(strength(self.sd, values, inputs)), inputs)
            noise = normals(seeds(self.seed, values, inputs), case, len(spread))  # (rows, features)
            return inputs + sd * ops.convert_to_tensor(spread, inputs.dtype) * ops.cast(noise, inputs.dtype)

        return apply


@settings
class FeatureShift:
    """Drift: a constant added to features, in units of each feature's own standard deviation."""

    smooth: ClassVar[bool] = True

    kind: Literal["feature_shift"] = "feature_shift"
    shift: FactorOrNumber
    """What is added, in standard deviations of the feature over all inputs of the file; 0 changes nothing."""
    columns: Columns = None
    """Numbers of the features, counted from 0; all unless given."""

    def __post_init__(self) -> None:
        _check_columns(self.columns)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.shift)

    def bind(self, data: Data) -> Apply:
        spread = _spread(self.kind, self.columns, data)

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            shift = beside(strength(self.shift, values, inputs), inputs)
            return inputs + shift * ops.convert_to_tensor(spread, inputs.dtype)

        return apply


@settings
class Replace:
    """Features replaced, each with the probability `share`, by a value of the same column in another input of the file.

    Which, and by what, depends on the seed, on the position of the case in its file and on the column: with one seed
    what is replaced at one share is replaced at every larger one, by the same value.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["replace"] = "replace"
    share: FactorOrNumber
    """Probability that a feature is replaced, from 0 to 1; 0 changes nothing, outside of [0, 1] is NaN."""
    seed: FactorOrInteger
    """Which features and values: a factor of integers, or an integer."""
    columns: Columns = None
    """Numbers of the features, counted from 0; all unless given."""
    together: bool = False
    """Whether all columns are replaced at once, by those of one input: what they have to do with each other is kept."""

    def __post_init__(self) -> None:
        if not isinstance(self.share, str) and not 0 <= self.share <= 1:
            raise ValueError(f"`share` must be from 0 to 1, got {self.share:g}")
        check_seed(self.seed)
        _check_columns(self.columns)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.share, self.seed)

    def bind(self, data: Data) -> Apply:
        chosen = _chosen(self.kind, self.columns, data)  # (features,)
        pool, (entries, features) = np.where(chosen, data.entries, 0).ravel(), data.entries.shape

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            share = beside(strength(self.share, values, inputs), inputs)
            drawn = uniforms(seeds(self.seed, values, inputs), case, 2 * features)  # (rows, 2 features)
            lot, donor = drawn[:, :features], drawn[:, features:]  # (rows, features) each
            if self.together:
                lot, donor = (ops.broadcast_to(one[:, :1], ops.shape(one)) for one in (lot, donor))
            place = ops.minimum(ops.cast(donor * entries, "int32"), entries - 1)  # 1 by rounding
            there = place * features + ops.arange(features, dtype="int32")  # (rows, features), in a flat table
            other = ops.take(ops.convert_to_tensor(pool, inputs.dtype), there)
            lucky = (ops.cast(lot, inputs.dtype) < share) | (share == 1)
            replaced = ops.where(lucky & ops.convert_to_tensor(chosen), other, inputs)
            return ops.where((share >= 0) & (share <= 1), replaced, ops.full_like(inputs, float("nan")))

        return apply


def _check_columns(columns: Columns) -> None:
    if columns is not None and (not columns or min(columns) < 0 or len(set(columns)) < len(columns)):
        raise ValueError(f"`columns` must be different numbers of features, counted from 0, got {list(columns)}")


def _chosen(kind: str, columns: Columns, data: Data) -> Array:
    """Whether each feature is changed, (features,) bool; those that are hold finite numbers in the whole file."""
    if len(data.shape) != 1:
        raise ModelError(f"{kind} needs rows of a table, of shape (features,), got inputs of shape {data.shape}.")
    (features,) = data.shape
    if columns is not None and max(columns) >= features:
        raise ModelError(
            f"columns: the inputs have {features} features, got column {max(columns)}: "
            f"give numbers from 0 to {features - 1}."
        )
    chosen = np.isin(np.arange(features), range(features) if columns is None else columns)
    unsound = chosen & ~np.isfinite(data.entries).all(axis=0)
    if unsound.any():
        raise ModelError(
            f"{kind} needs finite numbers in every input of the file, and column {int(np.argmax(unsound))} holds NaN "
            "or infinity: leave it out of `columns`, or those inputs out of the file."
        )
    return chosen


def _spread(kind: str, columns: Columns, data: Data) -> Array:
    """Standard deviation of each feature over all inputs of the file, (features,) float64; 0 of those left alone."""
    chosen = _chosen(kind, columns, data)
    spread: Array = np.where(chosen, data.entries, 0).std(axis=0, dtype=np.float64)
    return spread
