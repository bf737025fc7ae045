"""A trained Keras network as the model."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models.chatter import without_chatter
from dnnsa.settings import settings

SETTING = "model.path"
Tensor = Any  # of the backend of Keras
Shape = tuple[int | None, ...]  # None where any size will do

_REFUSED = {
    ".h5": "the format cannot be read without running what is in it",
    ".hdf5": "the format cannot be read without running what is in it",
    ".pkl": "a pickle runs what is in it",
    ".pickle": "a pickle runs what is in it",
    ".joblib": "a pickle runs what is in it",
    ".pt": "a network of another framework",
    ".pth": "a network of another framework",
    ".onnx": "a network of another framework",
}


class Network(NamedTuple):
    """A network that has been loaded."""

    predict: Callable[[Tensor], Tensor]
    """(rows, *input_shape) to (rows, *output_shape), in inference mode, on the device of its weights."""
    input_shape: Shape
    output_shape: Shape
    dtype: str
    """Of the inputs."""
    compile: Callable[[Callable[..., Any]], Callable[..., Any]]
    """Makes one traced function of a function of tensors; it is traced again for other shapes."""


@settings
class Keras:
    """A network in Keras' own format, with one input and one output, loaded without running code from the file."""

    kind: Literal["keras"] = "keras"
    path: str
    """The .keras file, relative to the study file."""
    outputs: Literal["values", "probabilities", "logits"] = "values"
    """What the network gives: `probabilities` of classes, `logits` (a softmax makes them so), or other `values`."""
    inputs: tuple[str, ...] | None = None
    """The factors that are the network's inputs, in order; for a study without `cases`."""
    batch_size: int = 4096
    """Inputs that go through the network at once; changes memory and speed, and the last bits of the results."""

    def __post_init__(self) -> None:
        suffix = Path(self.path).suffix.lower()
        if suffix != ".keras":
            reason = f" ({_REFUSED[suffix]})" if suffix in _REFUSED else ""
            raise ValueError(
                f"`path` must be a .keras file, got `{self.path}`{reason}: save the network with "
                "`model.save('name.keras')` where it was trained"
            )
        if self.batch_size < 1:
            raise ValueError(f"`batch_size` must be 1 or more, got {self.batch_size}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        path = directory / self.path
        if not path.is_file():
            raise ModelError(f"{SETTING}: there is no file {path}: give the path of a .keras file from the study file.")
        return {SETTING: path}

    def load(self, directory: Path, digests: Digests) -> Network:
        """Load the network, in the process that will call it.

        TensorFlow gets one thread, if it has not started yet: a study is parallel over its workers, and results must
        not depend on how many cores one of them sees.

        Raises
        ------
        ModelError
            The file is not the one the study was started with, cannot be loaded safely, or holds a network with
            several inputs or outputs.
        """
        path = directory / self.path
        verify(SETTING, path, digests)
        with without_chatter():
            import keras

            if keras.backend.backend() == "tensorflow":
                _use_one_thread()
            network = _loaded(path)
        inputs, outputs = getattr(network, "inputs", None), getattr(network, "outputs", None)
        if not inputs or not outputs or len(inputs) > 1 or len(outputs) > 1:
            raise ModelError(
                f"{SETTING}: {path} has {len(inputs or ())} input and {len(outputs or ())} output tensors: "
                "dnnsa takes networks with one of each; wrap it in `keras.Model(input, output)`."
            )
        return Network(
            predict=lambda tensor: network(tensor, training=False),
            input_shape=tuple(inputs[0].shape[1:]),
            output_shape=tuple(outputs[0].shape[1:]),
            dtype=inputs[0].dtype,
            compile=_compiler(),
        )


def _use_one_thread() -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # it has started in this process: its owner's choice stands


def _loaded(path: Path) -> Any:
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the file makes it raise
        raise ModelError(f"{SETTING}: {path} {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why Keras did not load a file, and what would work."""
    told = " ".join(str(error).split()).split("Exception encountered: ")[-1]  # the last one is the first cause
    if "safe_mode" in told or "unsafe" in told.lower():
        return (
            "holds Python code (a Lambda layer, say), which dnnsa does not run: write that layer with the layers and "
            "activations of Keras, and save again."
        )
    if unknown := re.search(r"Could not locate (?:class|function) '(\w+)'", told):
        return f"holds `{unknown[1]}`, which is no part of Keras: dnnsa loads networks of Keras' own layers only."
    return f"is damaged or no .keras file ({type(error).__name__}: {told[:200]}): save it again with `model.save`."


def _compiler() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Of the backend: a graph of TensorFlow, nothing on the others.

    XLA is not asked for on TensorFlow: it cannot compile the sampling of images, and on the digits study's network on
    a CPU it took 29 microseconds an image where the graph took 25.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return lambda function: tf.function(function, autograph=False)
    return lambda function: function
