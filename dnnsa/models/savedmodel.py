"""A SavedModel of TensorFlow as the model: a program of TensorFlow's operations, run inside the traced function."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models import backend
from dnnsa.models.base import Network, NetworkSettings, check_batch_size, no_layers
from dnnsa.models.chatter import without_chatter
from dnnsa.settings import settings

SETTING = "model.path"


@settings
class SavedModel(NetworkSettings):
    """A function of one input in a folder that `model.export` of Keras, or `tf.saved_model.save`, wrote."""

    kind: Literal["savedmodel"] = "savedmodel"
    path: str
    """The folder, relative to the study file."""
    trust: bool = False
    """Must be true: a SavedModel is a program, and can read and write files."""
    signature: str = "serving_default"
    """Which of its functions is called."""
    output: str | None = None
    """Name of the function's output, if it has several."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        if not self.trust:
            raise ValueError(
                f"`path` names a SavedModel, `{self.path}`, which is a program and can read and write files: say "
                "`trust: true` if you know who made it, or save the network with `model.save('name.keras')`"
            )

    def files(self, directory: Path) -> Mapping[str, Path]:
        path = directory / self.path
        if not (path / "saved_model.pb").is_file():
            raise ModelError(
                f"{SETTING}: there is no file {path / 'saved_model.pb'}: give the path, from the study file, of a "
                "folder that `model.export` wrote."
            )
        return {SETTING: path}

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Load the function, in the process that will call it.

        Raises
        ------
        ModelError
            A file in the folder is not the one the study was started with, or it cannot be loaded, has no such function
            or output, or one of several inputs; layers are asked for; or Keras does not run on TensorFlow.
        """
        no_layers(SETTING, layers, self.kind)
        path = directory / self.path
        verify(SETTING, path, digests)
        backend.start()
        from keras import ops

        if backend.name() != "tensorflow":
            raise ModelError(
                f"model.kind: `{self.kind}` needs TensorFlow, and Keras runs on {backend.name()}: unset KERAS_BACKEND."
            )
        whole = _loaded(path)
        function = _named("model.signature", path, "function", whole.signatures, self.signature)
        name, spec = _input(self.signature, function.structured_input_signature[1])
        output = _output(path, function.structured_outputs, self.output)

        def predict(inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
            signature = whole.signatures[self.signature]  # through the whole, whose variables live as long as it does
            return (ops.cast(signature(**{name: inputs})[output], spec.dtype.name),)

        return Network(predict, None if spec.shape.rank is None else tuple(spec.shape[1:]), spec.dtype.name)


def _loaded(path: Path) -> Any:
    import tensorflow as tf

    try:
        with without_chatter():
            return tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises whatever the files make it raise
        told = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{SETTING}: {path} cannot be loaded ({type(error).__name__}: {told}): export the network again."
        ) from error


def _named(setting: str, path: Path, what: str, known: Mapping[str, Any], name: str) -> Any:
    """One of several things by its name."""
    if name not in known:
        listed = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
        raise ModelError(f"{setting}: {path} has no {what} `{name}`, only {listed}.")
    return known[name]


def _input(signature: str, inputs: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and specification of the one input, of real numbers and of any number of rows."""
    if len(inputs) != 1:
        listed = ", ".join(f"`{name}`" for name in sorted(inputs))
        raise ModelError(
            f"model.signature: `{signature}` has {len(inputs)} inputs, {listed}: dnnsa takes functions of one."
        )
    ((name, spec),) = inputs.items()
    if not spec.dtype.is_floating:
        raise ModelError(f"model.signature: the input `{name}` is of {spec.dtype.name}: dnnsa gives real numbers.")
    if spec.shape.rank == 0 or (spec.shape.rank and spec.shape[0] is not None):
        raise ModelError(
            f"model.signature: the input `{name}` has the fixed shape {tuple(spec.shape)}: export the network for any "
            "number of inputs at once, with None for the first dimension."
        )
    return name, spec


def _output(path: Path, outputs: Mapping[str, Any], asked: str | None) -> str:
    if asked is None and len(outputs) > 1:
        listed = ", ".join(f"`{one}`" for one in sorted(outputs))
        raise ModelError(f"model.output: {path} has {len(outputs)} outputs: name one of {listed}.")
    name = next(iter(outputs), "") if asked is None else asked
    spec = _named("model.output", path, "output", outputs, name)
    if not (spec.dtype.is_floating or spec.dtype.is_integer or spec.dtype.is_bool):
        raise ModelError(f"model.output: `{name}` is of {spec.dtype.name}: name an output of numbers.")
    return name
