"""A Python function of a study's own as a perturbation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, OnHost
from dnnsa.errors import ModelError
from dnnsa.functions import check_call, function_files, load_function
from dnnsa.perturb.base import Data
from dnnsa.settings import settings


@settings
class Function:
    """A function ``(inputs, **factors) -> inputs`` of NumPy arrays, called on the host once for each batch.

    It gets inputs (rows, *shape), which it may change in place, and of each factor an array (rows,), or (rows, count)
    of one that stands for several. That a row of the result depends on its own row only is for the function to keep.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["function"] = "function"
    call: str
    """`module:function`; the module is a file or package beside the study file, or an installed one."""
    factors: tuple[str, ...] = ()
    """The factors that it is called with, by keyword."""

    def __post_init__(self) -> None:
        check_call(self.call)
        if len(set(self.factors)) < len(self.factors):
            raise ValueError(f"`factors` must name each factor once, got {list(self.factors)}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        return function_files("call", self.call, directory)

    def bind(self, data: Data) -> OnHost:
        function = load_function("call", self.call, data.directory, data.digests)

        def apply(inputs: Any, values: Mapping[str, Any], case: Any) -> Array:
            before = np.array(inputs)  # a copy: what is the engine's stays as it is
            given = {name: np.array(values[name]) for name in self.factors}
            shape, dtype = before.shape, before.dtype
            result = np.asarray(function(before, **given))
            if result.shape != shape:
                raise ModelError(
                    f"call: `{self.call}` must return inputs of the shape that it was given, {shape}, "
                    f"got shape {result.shape}."
                )
            if result.dtype.kind not in "fiub":
                raise ModelError(f"call: `{self.call}` must return real numbers, got {result.dtype}.")
            return result.astype(dtype, copy=False)

        return OnHost(apply)
