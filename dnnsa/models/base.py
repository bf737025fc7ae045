"""What a model is to a study: a recipe of a few strings, loaded in each worker."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from dnnsa.arrays import Array, OnHost, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, digest, verify
from dnnsa.settings import settings

__all__ = ["Array", "Coords", "Digests", "Evaluator", "Model", "Network", "Outputs", "Values", "digest", "verify"]

Outputs = Mapping[str, Array]  # quantity -> (n, *shape)
Coords = Mapping[str, tuple[tuple[str, ...], Array]]  # coordinate -> its dimensions and its values
Sizes = tuple[int | None, ...]  # a shape, None where any size will do


class Evaluator(NamedTuple):
    """A model that has been loaded, with all that stands between the factors and the quantities."""

    run: Callable[[Mapping[str, Array]], Outputs]
    """Each factor's values, (n,), one for each run, to quantities."""
    dims: Mapping[str, tuple[str, ...]]
    """Names of the dimensions of a quantity, without the runs'; a quantity that is missing here has none given."""
    coords: Coords


class Variable(NamedTuple):
    """A tensor of a network's weights."""

    path: str  # such as `conv/kernel`
    layer: str  # name of the layer that it belongs to
    value: Tensor
    trained: bool  # by gradients: not what batch normalisation keeps of the data


class Network(NamedTuple):
    """A network that has been loaded, in inference mode."""

    predict: Callable[[Tensor, Values], tuple[Tensor, ...]] | OnHost
    """Inputs (rows, *input_shape), and factors (rows,) that the model itself reads, to outputs (rows, *output_shape)
    and those of each layer that was asked for, in that order. Of NumPy arrays if it is `OnHost`."""
    input_shape: Sizes | None
    """None where the file does not say."""
    dtype: str
    """Of the inputs."""
    variables: Sequence[Variable] = ()
    """What can be perturbed of the network itself; nothing unless it is a network of Keras."""
    predict_with: Callable[[Sequence[Tensor], Tensor, Values], tuple[Tensor, ...]] | None = None
    """As `predict`, with other values of the variables before."""


class Model(Protocol):
    """A recipe: small, frozen and picklable. The heavy package is imported in ``load``, never before."""

    @property
    def kind(self) -> str: ...

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The files whose content the results depend on, by the setting that names them.

        Raises
        ------
        ModelError
            A file is missing, or a name cannot be found. The model is not loaded to find out.
        """
        ...


class FactorModel(Model, Protocol):
    """A model of the factors themselves, which names its quantities."""

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Make it ready, in the process that will call it.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, or cannot be used.
        """
        ...


class InputModel(Model, Protocol):
    """A model of inputs, which factors perturb or make up: a network, of whatever framework."""

    @property
    def outputs(self) -> Literal["values", "probabilities", "logits"]: ...
    @property
    def inputs(self) -> tuple[str, ...] | None: ...
    @property
    def batch_size(self) -> int: ...

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that the model itself reads, beside `inputs`."""
        ...

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...]) -> Network:
        """Make it ready, in the process that will call it, to give the outputs of some layers too.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, or cannot be loaded safely, or has no such layer.
        """
        ...


@settings
class NetworkSettings:
    """What all models of inputs have in common."""

    outputs: Literal["values", "probabilities", "logits"] = "values"
    """What the network gives: `probabilities` of classes, `logits` (a softmax makes them so), or other `values`."""
    inputs: tuple[str, ...] | None = None
    """The factors that are the network's inputs, in order; for a study without `cases`."""
    batch_size: int = 4096
    """Inputs that go through the network at once; changes memory and speed, and the last bits of the results."""

    factors: ClassVar[tuple[str, ...]] = ()


def check_batch_size(batch_size: int) -> None:
    """Refuse a batch of nothing."""
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be 1 or more, got {batch_size}")


def check_coords(dims: Mapping[str, tuple[str, ...]], coords: Mapping[str, Any]) -> None:
    """Refuse coordinates of a dimension that no quantity has."""
    named = [dim for those in dims.values() for dim in those]
    for dim in coords:
        if dim not in named:
            raise ValueError(f"`coords` has values of `{dim}`, and `dims` names no such dimension, only {named}")


def as_coords(coords: Mapping[str, tuple[int | float | str, ...]]) -> Coords:
    """Coordinates as settings have them, in arrays."""
    return {dim: ((dim,), np.array(values)) for dim, values in coords.items()}


def the_file(setting: str, directory: Path, path: str, what: str) -> Path:
    """The file of a model, which must be there.

    Parameters
    ----------
    what
        In words, such as ``a .keras file``.
    """
    found = directory / path
    if not found.is_file():
        raise ModelError(f"{setting}: there is no file {found}: give the path of {what} from the study file.")
    return found


def no_layers(setting: str, layers: tuple[str, ...], kind: str) -> None:
    """Refuse layers' outputs of a model that does not show them."""
    if layers:
        raise ModelError(
            f"{setting}: a model of kind `{kind}` does not show the outputs of its layers, and `{layers[0]}` is asked "
            "for: use a network of Keras."
        )


def unknown_layer(layer: str, known: Sequence[Any]) -> ModelError:
    """A layer that is not there, with those that are."""
    listed = ", ".join(f"`{one}`" for one in known[:40])
    return ModelError(f"quantities: the network has no layer `{layer}`: it has {listed}.")
