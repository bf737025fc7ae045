"""What can happen to the weights of a network: other values of its variables for each run, all cases of it alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from dnnsa.arrays import Array, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests


class Part(NamedTuple):
    """A tensor of a network's weights before anything is done to it."""

    path: str  # such as `conv/kernel`
    layer: str  # name of the layer that it belongs to
    value: Array
    trained: bool  # by gradients: not what batch normalisation keeps of the data


Change = Callable[[Sequence[Tensor], Values], list[Tensor]]
# the tensors, and a tensor () for each factor, integers staying integers -> tensors of the same shapes and dtypes


class WeightPerturbation(Protocol):
    """One thing that can happen to a network's weights, as strong as its factors say.

    Laws: tensors of layers that it does not name stay as they are; the neutral strength, where there is one, gives all
    of them back bit for bit; a strength that has no meaning gives NaN, which is a failed run, never another strength.
    """

    @property
    def kind(self) -> str: ...

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that it reads, each once."""
        ...

    def bind(self, parts: Sequence[Part], directory: Path, digests: Digests) -> Change:
        """What it does to such weights, in ``keras.ops`` only.

        Raises
        ------
        ModelError
            There is no such layer; the message begins with the setting.
        """
        ...


def chosen(parts: Sequence[Part], layers: Sequence[str] | None) -> list[bool]:
    """Which of a network's trained tensors are of the layers named, all layers unless given.

    Raises
    ------
    ModelError
        A layer is not there, or has no weights.
    """
    known = list(dict.fromkeys(part.layer for part in parts if part.trained))
    for layer in layers or ():
        if layer not in known:
            listed = ", ".join(f"`{one}`" for one in known)
            raise ModelError(f"layers: the network has no layer `{layer}` with trained weights: it has {listed}.")
    return [part.trained and (layers is None or part.layer in layers) for part in parts]
