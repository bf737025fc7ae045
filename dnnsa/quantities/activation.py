"""What happens inside of the network: the outputs of a layer."""

from dataclasses import field
from typing import ClassVar, Literal

from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen
from dnnsa.quantities.named import check_dims, fit_dims
from dnnsa.settings import settings


@settings
class Activation:
    """The outputs of a layer, as they are."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    smooth: ClassVar[bool] = True

    kind: Literal["activation"] = "activation"
    layer: str
    """Name of the layer in the network."""
    dims: tuple[str, ...] | None = None
    """Names of the dimensions of the layer's outputs for one input, such as `[y, x, channel]`."""
    coords: dict[str, Levels] = field(default_factory=dict)
    """The values along a dimension, by its name."""

    def __post_init__(self) -> None:
        check_dims(self.dims, self.coords)

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def bind(self, nominal: Seen, place: Place) -> Compute:
        fit_dims(self.dims, self.coords, tuple(nominal.hidden[self.layer].shape[1:]))
        return lambda seen: seen.hidden[self.layer]
