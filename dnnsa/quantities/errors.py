"""How far a regression is from what it should give."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor
from dnnsa.errors import ModelError
from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen, whole
from dnnsa.settings import settings


@settings
class SquaredError:
    """Mean squared difference of the outputs of one input and its target, in units of the output squared."""

    needs: ClassVar[frozenset[Need]] = frozenset({"targets"})
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["squared_error"] = "squared_error"

    def bind(self, nominal: Seen, place: Place) -> Compute:
        from keras import ops

        shape = tuple(nominal.outputs.shape[1:])
        assert nominal.targets is not None  # it needs them
        given = tuple(nominal.targets.shape[1:])
        if given != shape and (given, shape) != ((), (1,)):
            raise ModelError(
                f"the network's outputs for one input have shape {shape} and its target {given}: store targets of the "
                "outputs' shape in `cases.targets`."
            )

        def error(seen: Seen) -> Tensor:
            gap = seen.outputs - ops.reshape(seen.targets, (-1, *shape))
            return ops.mean(ops.square(gap), axis=whole(shape)) if shape else ops.square(gap)

        return error
