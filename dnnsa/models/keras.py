"""A trained Keras network as the model."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models.backend import start
from dnnsa.models.base import Network, NetworkSettings, Variable, check_batch_size, the_file, unknown_layer
from dnnsa.models.chatter import without_chatter
from dnnsa.models.ensemble import Ensemble, check_alike, joined
from dnnsa.models.masks import Masks
from dnnsa.settings import settings

SETTING = "model.path"

_REFUSED = {
    ".h5": "the format cannot be read without running what is in it",
    ".hdf5": "the format cannot be read without running what is in it",
    ".pkl": "a pickle runs what is in it",
    ".pickle": "a pickle runs what is in it",
    ".joblib": "a pickle runs what is in it",
    ".pt": "`kind: torch` takes a network of PyTorch",
    ".pth": "`kind: torch` takes a network of PyTorch",
    ".pt2": "`kind: torch` takes a network of PyTorch",
    ".onnx": "`kind: onnx` takes a network in ONNX",
}


@settings
class Keras(NetworkSettings):
    """A network in Keras' own format, with one input and one output, loaded without running code from the file."""

    kind: Literal["keras"] = "keras"
    path: str
    """The .keras file, relative to the study file."""
    dropout: str | dict[str, str] | None = None
    """The factor of integers that says what dropout layers drop, or one by layer's name; nothing unless given."""
    ensemble: Ensemble | None = None
    """Other networks of the same architecture, and the factor that says which of them a run goes through."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        _check_suffix("path", self.path)
        for number, path in enumerate(self.ensemble.paths if self.ensemble else ()):
            _check_suffix(f"ensemble.paths[{number}]", path)

    @property
    def factors(self) -> tuple[str, ...]:  # type: ignore[override]
        dropped = self.dropout.values() if isinstance(self.dropout, dict) else [self.dropout]
        member = self.ensemble.member if self.ensemble else None
        return tuple(dict.fromkeys(name for name in (*dropped, member) if name is not None))

    @property
    def members(self) -> Mapping[str, str]:
        """The files of all members of the ensemble, by the setting that names them; the network alone without one."""
        others = self.ensemble.paths if self.ensemble else ()
        return {SETTING: self.path} | {f"model.ensemble.paths[{n}]": path for n, path in enumerate(others)}

    def files(self, directory: Path) -> Mapping[str, Path]:
        return {setting: the_file(setting, directory, path, "a .keras file") for setting, path in self.members.items()}

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Load the network, in the process that will call it.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, cannot be loaded safely, or holds a network with
            several inputs or outputs, without a layer that is asked for, or unlike others of its ensemble.
        """
        for setting, path in self.members.items():
            verify(setting, directory / path, digests)
        start()
        opened = {setting: open_keras(setting, directory / path) for setting, path in self.members.items()}
        for setting, network in opened.items():
            check_alike(setting, self.members[setting], network, self.path, opened[SETTING])
        networks = [
            keras_network(network, layers, Masks(network, self.dropout) if self.dropout else None)
            for network in opened.values()
        ]
        return joined(networks, self.ensemble.member) if self.ensemble else networks[0]


def _check_suffix(key: str, path: str) -> None:
    suffix = Path(path).suffix.lower()
    if suffix != ".keras":
        reason = f" ({_REFUSED[suffix]})" if suffix in _REFUSED else ""
        raise ValueError(
            f"`{key}` must be a .keras file, got `{path}`{reason}: save the network with "
            "`model.save('name.keras')` where it was trained"
        )


def open_keras(setting: str, path: Path) -> Any:
    """The network in a file, which has one input and one output."""
    import keras

    try:
        with without_chatter():
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the file makes it raise
        raise ModelError(f"{setting}: {path} {_reason(error)}") from error
    inputs, outputs = getattr(network, "inputs", None), getattr(network, "outputs", None)
    if not inputs or not outputs or len(inputs) > 1 or len(outputs) > 1:
        raise ModelError(
            f"{setting}: {path} has {len(inputs or ())} input and {len(outputs or ())} output tensors: "
            "dnnsa takes networks with one of each; wrap it in `keras.Model(input, output)`."
        )
    return network


def keras_network(network: Any, layers: tuple[str, ...], masks: Masks | None = None) -> Network:
    """A network of Keras as dnnsa calls it."""
    import keras

    hidden = [_layer(network, name).output for name in layers]
    whole = keras.Model(network.inputs, [network.outputs[0], *hidden])
    trained = {id(one) for one in whole.trainable_variables}
    owners = {id(one): layer.name for layer in _all_layers(network) for one in layer.variables}
    variables = [Variable(v.path, owners[id(v)], v.value, id(v) in trained) for v in whole.variables]

    def predict(inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
        if masks is not None:
            masks.values = values  # read while the network is traced
        return tuple(keras.tree.flatten(whole(inputs, training=False)))

    def predict_with(weights: Sequence[Tensor], inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
        mapping = list(zip(whole.variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return predict(inputs, values)

    return Network(predict, tuple(network.inputs[0].shape[1:]), network.inputs[0].dtype, variables, predict_with)


def _all_layers(network: Any) -> list[Any]:
    """Layers that are no networks themselves, of networks inside of networks too."""
    import keras

    return [
        inner
        for layer in network.layers
        for inner in (_all_layers(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def _layer(network: Any, name: str) -> Any:
    try:
        return network.get_layer(name)
    except ValueError:
        raise unknown_layer(name, [layer.name for layer in network.layers]) from None


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
