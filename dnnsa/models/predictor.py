"""A Python function of inputs as the model: a network of whatever framework, behind NumPy arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from dnnsa.arrays import Array, OnHost, Values
from dnnsa.files import Digests
from dnnsa.functions import check_call, function_files, load_function
from dnnsa.models.answers import outputs_of
from dnnsa.models.base import Network, NetworkSettings, check_batch_size, no_layers
from dnnsa.settings import settings

SETTING = "model.call"


@settings
class Predictor(NetworkSettings):
    """A function, found beside the study file or among what is installed, of inputs (rows, *shape) as a NumPy array.

    It returns an array of outputs, (rows, *shape), each row a function of the same row of the inputs alone.
    """

    kind: Literal["predictor"] = "predictor"
    call: str
    """`module:function`; the module is a file or package beside the study file, or an installed one."""
    dtype: Literal["float32", "float64"] = "float32"
    """Of the inputs that the function is given; its outputs are made so too."""

    def __post_init__(self) -> None:
        check_call(self.call)
        check_batch_size(self.batch_size)

    def files(self, directory: Path) -> Mapping[str, Path]:
        return function_files(SETTING, self.call, directory)

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Import the function, in the process that will call it.

        Raises
        ------
        ModelError
            The file is not the one the study was started with, it does not import, or has no such function; or layers
            are asked for. When it is called: it does not give numbers, or not as many rows as it got.
        """
        no_layers(SETTING, layers, self.kind)
        function = load_function(SETTING, self.call, directory, digests)

        def predict(inputs: Array, values: Values) -> tuple[Array, ...]:
            own = np.array(inputs, self.dtype)  # a copy, which the function may write to
            return (outputs_of(SETTING, f"`{self.call}`", function(own), len(inputs), self.dtype),)

        return Network(OnHost(predict), None, self.dtype)
