"""Frequencies of series made weaker or stronger."""

from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    beside,
    check_series,
    named,
    nan_unless,
    strength,
)
from dnnsa.settings import settings

_HIGHEST = 0.5  # cycles a step: what steps can hold


@settings
class Band:
    """A band of the frequencies of a series, in all channels, multiplied.

    By the Fourier transform of the series as if it repeated itself. Frequency k of n steps stands for those from
    (k - 1/2) / n to (k + 1/2) / n, and is changed by the share of them that lies in the band, so that nothing jumps as
    the band moves.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["band"] = "band"
    gain: FactorOrNumber
    """The multiple: a factor or a number; 1 changes nothing, 0 takes the band away, below 0 turns its sign."""
    low: FactorOrNumber = 0.0
    """Where the band begins, cycles a step, from 0, the mean: a factor or a number."""
    high: FactorOrNumber = _HIGHEST
    """Where it ends, from `low` to 0.5, two steps a cycle: a factor or a number."""

    def __post_init__(self) -> None:
        for field, edge in (("low", self.low), ("high", self.high)):
            if not isinstance(edge, str) and not 0 <= edge <= _HIGHEST:
                raise ValueError(f"`{field}` must be from 0 to 0.5 cycles a step, got {edge:g}")
        if not isinstance(self.low, str) and not isinstance(self.high, str) and not self.low < self.high:
            raise ValueError(f"`low` must be below `high`, got low: {self.low:g} and high: {self.high:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.gain, self.low, self.high)

    def bind(self, data: Data) -> Apply:
        check_series(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        gain, low, high = (beside(strength(one, values, inputs), inputs) for one in (self.gain, self.low, self.high))
        steps = inputs.shape[1]
        edges = np.clip((np.arange(steps // 2 + 2) - 0.5) / steps, 0, _HIGHEST)  # around each frequency
        left, right = (ops.convert_to_tensor(side, inputs.dtype)[None, None] for side in (edges[:-1], edges[1:]))
        share = ops.relu(ops.minimum(right, high) - ops.maximum(left, low)) / (right - left)  # (rows, 1, frequencies)
        spectrum = ops.rfft(ops.transpose(inputs, (0, 2, 1)))
        band = ops.irfft(tuple(share * part for part in spectrum), fft_length=steps)  # (rows, channels, steps)
        sound = (low >= 0) & (low <= high) & (high <= _HIGHEST)
        return nan_unless(sound, inputs + (gain - 1) * ops.transpose(band, (0, 2, 1)))
