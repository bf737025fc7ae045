"""Networks made smaller: fewer bits for each weight, fewer weights."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.files import Digests
from dnnsa.settings import settings
from dnnsa.weights.base import Change, Part, chosen


@settings
class Quantize:
    """Weights rounded to the nearest of ``2^bits - 1`` equally spaced values, symmetric about 0, tensor by tensor.

    The largest magnitude of a tensor is kept: its step is that over ``2^(bits - 1) - 1``. Kernels only: biases and
    other vectors stay as they are.
    """

    kind: Literal["quantize"] = "quantize"
    layers: tuple[str, ...] | None = None
    """Names of the layers whose weights change; all unless given."""
    bits: str | int
    """Bits of each weight, 2 or more: a factor or an integer; below 2 is NaN."""

    def __post_init__(self) -> None:
        if not isinstance(self.bits, str) and self.bits < 2:
            raise ValueError(f"`bits` must be 2 or more, got {self.bits}")

    @property
    def factors(self) -> tuple[str, ...]:
        return (self.bits,) if isinstance(self.bits, str) else ()

    def bind(self, parts: Sequence[Part], directory: Path, digests: Digests) -> Change:
        return _of_kernels(parts, self.layers, self.bits, _rounded)


@settings
class Prune:
    """The weights of smallest magnitude of each tensor set to 0.

    Kernels only: biases and other vectors stay as they are. Of equal magnitudes, those that come first go first.
    """

    kind: Literal["prune"] = "prune"
    layers: tuple[str, ...] | None = None
    """Names of the layers whose weights change; all unless given."""
    share: str | float
    """Share of the weights that go, 0 to 1: a factor or a number; 0 changes nothing, outside of it is NaN."""

    def __post_init__(self) -> None:
        if not isinstance(self.share, str) and not 0 <= self.share <= 1:
            raise ValueError(f"`share` must be from 0 to 1, got {self.share:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return (self.share,) if isinstance(self.share, str) else ()

    def bind(self, parts: Sequence[Part], directory: Path, digests: Digests) -> Change:
        return _of_kernels(parts, self.layers, self.share, _pruned)


def _of_kernels(
    parts: Sequence[Part],
    layers: tuple[str, ...] | None,
    strength: str | float,
    change: Callable[[Tensor, Tensor], Tensor],
) -> Change:
    """A change of the kernels of some layers by one strength, (), float32."""
    changed = [is_of and part.value.ndim > 1 for is_of, part in zip(chosen(parts, layers), parts, strict=True)]

    def of_all(tensors: Sequence[Tensor], values: Values) -> list[Tensor]:
        from keras import ops

        given = ops.cast(values[strength] if isinstance(strength, str) else strength, "float32")
        return [change(one, given) if is_of else one for one, is_of in zip(tensors, changed, strict=True)]

    return of_all


def _rounded(tensor: Tensor, bits: Tensor) -> Tensor:
    from keras import ops

    largest = ops.max(ops.abs(tensor))
    step = largest / ops.cast(2.0 ** (bits - 1) - 1, tensor.dtype)
    sound = ops.where(largest == 0, ops.ones_like(step), step)  # a tensor of zeros stays one
    return ops.where(bits < 2, float("nan"), ops.round(tensor / sound) * sound)


def _pruned(tensor: Tensor, share: Tensor) -> Tensor:
    from keras import ops

    flat = ops.reshape(tensor, (-1,))
    rank = ops.argsort(ops.argsort(ops.abs(flat)))  # 0 for the smallest
    gone = ops.cast(rank, "float32") < ops.floor(share * flat.shape[0])
    left = ops.reshape(ops.where(gone, ops.zeros_like(flat), flat), tensor.shape)
    return ops.where((share >= 0) & (share <= 1), left, float("nan"))
