"""What happens to series, inputs of shape (steps, channels): a stretch that is lost, a shift and a warp in time."""

from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values, picked
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    beside,
    check_not_negative,
    check_seed,
    check_series,
    named,
    nan_below_zero,
    nan_unless,
    seeds,
    strength,
)
from dnnsa.perturb.lines import gaussian, keeping_variance
from dnnsa.settings import settings
from dnnsa.threefry import normals


@settings
class DropoutSegment:
    """A stretch of a series lost in all channels: the steps whose middle lies in it are filled.

    Step t of n has its middle at (t + 1/2) / n. The stretch goes from `start` to `start + length`, and ends with the
    series.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["dropout_segment"] = "dropout_segment"
    start: FactorOrNumber
    """Where it begins, as a share of the series, from 0 to 1: a factor or a number."""
    length: FactorOrNumber
    """How long it is, as a share of the series, from 0 to 1: a factor or a number; 0 changes nothing."""
    fill: Literal["zero", "mean"] = "zero"
    """What is there instead: 0, or the mean of the channel over the whole series."""

    def __post_init__(self) -> None:
        for field, share in (("start", self.start), ("length", self.length)):
            if not isinstance(share, str) and not 0 <= share <= 1:
                raise ValueError(f"`{field}` must be from 0 to 1, got {share:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.start, self.length)

    def bind(self, data: Data) -> Apply:
        check_series(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        start = beside(strength(self.start, values, inputs), inputs)  # (rows, 1, 1)
        length = beside(strength(self.length, values, inputs), inputs)
        steps = inputs.shape[1]
        middle = (ops.cast(ops.arange(steps), inputs.dtype)[None, :, None] + 0.5) / steps
        lost = (middle >= start) & (middle < start + length)  # (rows, steps, 1)
        fill = ops.mean(inputs, axis=1, keepdims=True) if self.fill == "mean" else ops.zeros_like(inputs)
        sound = (start >= 0) & (start <= 1) & (length >= 0) & (length <= 1)
        return ops.where(sound, ops.where(lost, fill, inputs), ops.full_like(inputs, float("nan")))


@settings
class TimeShift:
    """A series delayed, by linear interpolation between steps."""

    smooth: ClassVar[bool] = True

    kind: Literal["time_shift"] = "time_shift"
    steps: FactorOrNumber
    """By how many steps, later if above 0: a factor or a number; 0 changes nothing."""
    fill: Literal["zero", "edge"] = "zero"
    """What comes from outside of the series: 0, or its first and its last step."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.steps)

    def bind(self, data: Data) -> Apply:
        check_series(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        count = inputs.shape[1]
        by = strength(self.steps, values, inputs)[:, None]  # (rows, 1)
        near = _within(by, -count - 1, count + 1)  # beyond it all is filled
        source = ops.cast(ops.arange(count), inputs.dtype)[None, :] - near
        return _read(inputs, source if self.fill == "zero" else _within(source, 0, count - 1))


@settings
class Warp:
    """Time stretched in some places and pressed together in others, at random; the first and the last step stay.

    The logarithm of the speed is a normal number for each step, smoothed by a Gaussian and scaled so that each keeps
    the standard deviation `amplitude`, less a constant that keeps the length: time never runs backwards. All channels
    are read at the same times, linear between steps. The numbers depend on the seed and on the position of the case in
    its file, and on nothing else.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["warp"] = "warp"
    amplitude: FactorOrNumber
    """Standard deviation of the logarithm of the speed, 0 or more: a factor or a number; 0 changes nothing, below 0 is
    NaN."""
    sd: FactorOrNumber
    """Standard deviation of the Gaussian that smooths it, steps, 0 or more: a factor or a number; below 0 is NaN."""
    seed: FactorOrInteger
    """Which speeds: a factor of integers, or an integer; all 64-bit values are different ones."""

    def __post_init__(self) -> None:
        check_not_negative("amplitude", self.amplitude)
        check_not_negative("sd", self.sd)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.amplitude, self.sd, self.seed)

    def bind(self, data: Data) -> Apply:
        check_series(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        steps = inputs.shape[1]
        count = max(steps - 1, 1)  # of what lies between two steps
        amplitude, sd = (nan_below_zero(strength(one, values, inputs)) for one in (self.amplitude, self.sd))
        noise = ops.cast(normals(seeds(self.seed, values, inputs), case, count), inputs.dtype)
        smoothed = ops.matmul(keeping_variance(gaussian(sd, count)), noise[:, :, None])[:, :, 0]  # (rows, count)
        log_speed = amplitude[:, None] * smoothed
        passed = ops.cumsum(ops.exp(log_speed - ops.max(log_speed, axis=1, keepdims=True)), axis=1)
        source = passed * (count / passed[:, -1:])  # 1, 2, ... exactly if nothing is changed
        source = ops.concatenate([ops.zeros_like(source[:, :1]), source], axis=1)[:, :steps]
        result = _read(inputs, _within(source, 0, count))
        return nan_unless(beside(ops.isfinite(amplitude + sd), inputs), result)  # the first step too


def _within(x: Tensor, low: float, high: float) -> Tensor:
    """Numbers below the one and above the other made these; NaN stays NaN."""
    from keras import ops

    return ops.where(x > high, ops.full_like(x, high), ops.where(x < low, ops.full_like(x, low), x))


def _read(inputs: Tensor, source: Tensor) -> Tensor:
    """Series (rows, steps, channels) at times (rows, steps), linear between steps; outside, 0."""
    from keras import ops

    count = inputs.shape[1]
    first = ops.floor(source)
    share = (source - first)[:, :, None]  # of the later one; NaN where the shift is
    first = ops.cast(ops.where(ops.isfinite(first), first, ops.zeros_like(first)), "int32")

    def at(step: Tensor) -> Tensor:
        inside = ops.cast((step >= 0) & (step < count), inputs.dtype)[:, :, None]
        return inside * picked(inputs, ops.clip(step, 0, count - 1))

    return (1 - share) * at(first) + share * at(first + 1)
