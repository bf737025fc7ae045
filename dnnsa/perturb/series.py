"""What happens to series, inputs of shape (steps, channels): a stretch that is lost, and a shift in time."""

from typing import ClassVar, Literal

from dnnsa.arrays import Shape, Tensor, Values, picked
from dnnsa.errors import ModelError
from dnnsa.perturb.base import Apply, Data, FactorOrNumber, beside, named, strength
from dnnsa.settings import settings


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
        _check_series(self.kind, data.shape)
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
    """A series delayed, by linear interpolation between steps; before its first and after its last step it is 0."""

    smooth: ClassVar[bool] = True

    kind: Literal["time_shift"] = "time_shift"
    steps: FactorOrNumber
    """By how many steps, later if above 0: a factor or a number; 0 changes nothing."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.steps)

    def bind(self, data: Data) -> Apply:
        _check_series(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        count = inputs.shape[1]
        by = strength(self.steps, values, inputs)[:, None]  # (rows, 1)
        far = float(count + 1)  # beyond it all is 0
        near = ops.where(by > far, ops.full_like(by, far), ops.where(by < -far, ops.full_like(by, -far), by))
        source = ops.cast(ops.arange(count), inputs.dtype)[None, :] - near  # (rows, steps)
        first = ops.floor(source)
        share = (source - first)[:, :, None]  # of the later one; NaN where the shift is
        first = ops.cast(ops.where(ops.isfinite(first), first, ops.zeros_like(first)), "int32")

        def at(step: Tensor) -> Tensor:
            inside = ops.cast((step >= 0) & (step < count), inputs.dtype)[:, :, None]
            return inside * picked(inputs, ops.clip(step, 0, count - 1))

        return (1 - share) * at(first) + share * at(first + 1)


def _check_series(kind: str, shape: Shape) -> None:
    if len(shape) != 2:
        raise ModelError(f"{kind} needs series of shape (steps, channels), got inputs of shape {shape}.")
