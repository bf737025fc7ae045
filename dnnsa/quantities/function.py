"""A Python function of the network's outputs."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, OnHost
from dnnsa.errors import ModelError, under
from dnnsa.functions import check_call, function_files, load_function
from dnnsa.quantities.base import Levels, Need, Place, Seen
from dnnsa.quantities.named import check_dims, fit_dims
from dnnsa.settings import settings


@settings
class Function:
    """What a Python function makes of the outputs: NumPy arrays (rows, *shape) in, (rows, *qshape) out.

    It is called with the outputs, and with the keyword arguments that `takes` names. Each row of the result must be a
    function of the same row of the arguments.
    """

    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = False

    kind: Literal["function"] = "function"
    call: str
    """`module:function`; the module is a file or package beside the study file, or an installed one."""
    takes: tuple[Literal["probabilities", "labels", "predicted", "targets"], ...] = ()
    """What it is given beside the outputs."""
    dims: tuple[str, ...] | None = None
    """Names of the dimensions of one input's value."""
    coords: dict[str, Levels] = field(default_factory=dict)
    """The values along a dimension, by its name."""

    def __post_init__(self) -> None:
        check_call(self.call)
        check_dims(self.dims, self.coords)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(self.takes)

    def files(self, directory: Path) -> Mapping[str, Path]:
        return function_files("call", self.call, directory)

    def bind(self, nominal: Seen, place: Place) -> OnHost:
        recorded = place.digests.get(f"{place.setting}.call")  # none of a module that is built in
        digests = {} if recorded is None else {"call": recorded}
        function = load_function("call", self.call, place.directory, digests)

        def compute(seen: Seen) -> Array:
            given = {key: np.asarray(getattr(seen, key)) for key in self.takes}
            values = np.asarray(function(np.asarray(seen.outputs), **given))
            if values.ndim == 0 or len(values) != len(seen.outputs):
                raise ModelError(
                    f"call: `{self.call}` gives an array of shape {values.shape} for {len(seen.outputs)} rows: its "
                    "first dimension must be the rows'."
                )
            return values

        fit_dims(self.dims, self.coords, _tried(self.call, compute, nominal).shape[1:])

        def told(seen: Seen) -> Array:
            with under(place.setting):
                return compute(seen)

        return OnHost(told)


def _tried(call: str, compute: Callable[[Seen], Array], nominal: Seen) -> Array:
    """What it makes of the nominal cases; whatever it raises is the user's to read."""
    try:
        return compute(nominal)
    except ModelError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise ModelError(f"call: `{call}` raised {told} when it was given the nominal outputs.") from error
