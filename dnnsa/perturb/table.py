"""What happens to the features of a table: noise and drift in units of their own spread, and values of other rows."""

from collections.abc import Callable
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
Unit = Literal["spread", "value"]


@settings
class FeatureNoise:
    """Normal numbers added to features, in units of the feature's own standard deviation, or of the value itself.

    They depend on the seed, on the position of the case in its file and on the column, and on nothing else.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["feature_noise"] = "feature_noise"
    sd: FactorOrNumber
    """Standard deviation of the noise, in units as `of` says, 0 or more; 0 changes nothing."""
    seed: FactorOrInteger
    """Which noise: a factor of integers, or an integer; all 64-bit values are different noise."""
    of: Unit = "spread"
    """Its unit: `spread`, the standard deviation of the feature over all inputs of the file, or `value`, the value as
    it comes here, of which it is then a share."""
    together: bool = False
    """Whether one number moves all features of a row, rather than one of its own each."""
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
        unit, count = _unit(self.kind, self.of, self.columns, data), 1 if self.together else data.shape[0]

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            sd = beside(nan_below_zero(strength(self.sd, values, inputs)), inputs)
            noise = normals(seeds(self.seed, values, inputs), case, count)  # (rows, features), or one for all
            return inputs + sd * unit(inputs) * ops.cast(noise, inputs.dtype)

        return apply


@settings
class FeatureShift:
    """Drift: a constant added to features, in units of their own standard deviation, or of the value itself."""

    smooth: ClassVar[bool] = True

    kind: Literal["feature_shift"] = "feature_shift"
    shift: FactorOrNumber
    """What is added, in units as `of` says; 0 changes nothing."""
    of: Unit = "spread"
    """Its unit: `spread`, the standard deviation of the feature over all inputs of the file, or `value`, the value as
    it comes here, of which it is then a share."""
    columns: Columns = None
    """Numbers of the features, counted from 0; all unless given."""

    def __post_init__(self) -> None:
        _check_columns(self.columns)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.shift)

    def bind(self, data: Data) -> Apply:
        unit = _unit(self.kind, self.of, self.columns, data)

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            return inputs + beside(strength(self.shift, values, inputs), inputs) * unit(inputs)

        return apply


@settings
class Replace:
    """Features replaced, each with the probability `share`, by a value of the same column in another input of the file.

    Which, and by what, depends on the seed, on the position of the case in its file and on the column: with one seed
    what is replaced at one share is replaced at every larger one, by the same value. With `together`, all features of
    a row are replaced or none, by those of one other input: what depends on each other within them still does.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["replace"] = "replace"
    share: FactorOrNumber
    """Probability that a feature is replaced, from 0 to 1; 0 changes nothing, outside of [0, 1] is NaN."""
    seed: FactorOrInteger
    """Which features and values: a factor of integers, or an integer."""
    together: bool = False
    """Whether features are replaced together, from one input, rather than each by itself."""
    columns: Columns = None
    """Numbers of the features, counted from 0; all unless given."""

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
        count = 1 if self.together else features  # of draws for a row

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            share = beside(strength(self.share, values, inputs), inputs)
            drawn = uniforms(seeds(self.seed, values, inputs), case, 2 * count)  # (rows, 2 count)
            place = ops.minimum(ops.cast(drawn[:, count:] * entries, "int32"), entries - 1)  # 1 by rounding
            there = place * features + ops.arange(features, dtype="int32")  # (rows, features), in a flat table
            other = ops.take(ops.convert_to_tensor(pool, inputs.dtype), there)
            lucky = (ops.cast(drawn[:, :count], inputs.dtype) < share) | (share == 1)
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


def _unit(kind: str, of: Unit, columns: Columns, data: Data) -> Callable[[Tensor], Tensor]:
    """What the unit of each feature is in given inputs (rows, features): 0 of those left alone."""
    chosen = _chosen(kind, columns, data)
    spread: Array = np.where(chosen, data.entries, 0).std(axis=0, dtype=np.float64)  # (features,)

    def unit(inputs: Tensor) -> Tensor:
        from keras import ops

        if of == "spread":
            return ops.convert_to_tensor(spread, inputs.dtype)
        return ops.where(ops.convert_to_tensor(chosen), inputs, ops.zeros_like(inputs))

    return unit
