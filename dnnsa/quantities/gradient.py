"""The derivatives of a quantity by the factors, from automatic differentiation."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen
from dnnsa.settings import settings


@settings
class Gradient:
    """Derivatives of another quantity by the value of each factor, 0 by integers and choices; for `dgsm`.

    They go through the perturbations and the network, so both must be without jumps.
    """

    needs: ClassVar[frozenset[Need]] = frozenset()
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = False
    dims: ClassVar[tuple[str, ...] | None] = None
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["gradient"] = "gradient"
    of: str
    """The quantity that is differentiated."""

    def bind(self, nominal: Seen, place: Place) -> Compute:
        """Nothing by itself: the whole way from the factors is differentiated, by ``dnnsa.engine.gradients``."""
        return lambda seen: seen.outputs[:, :0]
