"""The outputs themselves."""

from dataclasses import field
from typing import ClassVar, Literal

from dnnsa.errors import ModelError
from dnnsa.quantities.base import Levels, Shape, Tensor
from dnnsa.settings import settings


@settings
class Output:
    """What the network gives, as it is."""

    needs_labels: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False

    kind: Literal["output"] = "output"
    dims: tuple[str, ...] | None = None
    """Names of the dimensions of the outputs of one input, such as `[time, y, x]`."""
    coords: dict[str, Levels] = field(default_factory=dict)
    """The values along a dimension, by its name."""

    def __post_init__(self) -> None:
        dims = self.dims or ()
        if len(set(dims)) < len(dims) or not {"factor", "factor_2", "case", "label"}.isdisjoint(dims):
            raise ValueError(f"`dims` must be different names other than `factor`, `case` or `label`, got {list(dims)}")
        if missing := [name for name in self.coords if name not in dims]:
            raise ValueError(f"`coords` may name dimensions of `dims` only, {list(dims)}, got {missing}")

    def check(self, shape: Shape) -> None:
        if self.dims is None:
            return
        if len(self.dims) != len(shape):
            raise ModelError(
                f"dims: the outputs of one input have shape {shape}: give as many names, got {list(self.dims)}."
            )
        for name, size in zip(self.dims, shape, strict=True):
            if name in self.coords and len(self.coords[name]) != size:
                raise ModelError(
                    f"coords.{name}: there are {size} values along it, got {len(self.coords[name])}: give {size}."
                )

    def compute(self, outputs: Tensor, labels: Tensor | None) -> Tensor:
        return outputs
