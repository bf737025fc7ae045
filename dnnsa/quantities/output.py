"""The outputs themselves."""

from dataclasses import field
from typing import ClassVar, Literal

from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen
from dnnsa.quantities.named import check_dims, fit_dims
from dnnsa.settings import settings


@settings
class Output:
    """What the network gives, as it is."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True

    kind: Literal["output"] = "output"
    dims: tuple[str, ...] | None = None
    """Names of the dimensions of the outputs of one input, such as `[time, y, x]`."""
    coords: dict[str, Levels] = field(default_factory=dict)
    """The values along a dimension, by its name."""

    def __post_init__(self) -> None:
        check_dims(self.dims, self.coords)

    def bind(self, nominal: Seen, place: Place) -> Compute:
        fit_dims(self.dims, self.coords, tuple(nominal.outputs.shape[1:]))
        return lambda seen: seen.outputs
