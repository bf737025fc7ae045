"""Networks that a study trains: families that are declared, and one that a function of yours builds."""

from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dnnsa.functions import check_call
from dnnsa.settings import settings
from dnnsa.training.hyperparameters import (
    ACTIVATIONS,
    BELOW_ONE,
    COUNT,
    INITIALISATIONS,
    NORMALISATIONS,
    TRUTH,
    FactorOrInteger,
    FactorOrNumber,
    FactorOrTruth,
    FactorOrWord,
    Sort,
    Sorts,
    wrong_constants,
)

SHARED: Sorts = {
    "layers": COUNT,
    "width": COUNT,
    "activation": Sort(str, words=ACTIVATIONS),
    "normalisation": Sort(str, words=NORMALISATIONS),
    "dropout": BELOW_ONE,
    "skip": TRUTH,
    "initialisation": Sort(str, words=INITIALISATIONS),
}


@settings
class Declared:
    """What the declared families have in common: hidden layers of one width."""

    layers: FactorOrInteger = 1
    """Hidden layers, 1 or more."""
    width: FactorOrInteger = 32
    """Units of each hidden layer, or filters."""
    activation: FactorOrWord = "relu"
    """`relu`, `tanh`, `sigmoid`, `elu`, `gelu`, `silu` or `identity`, of the hidden layers."""
    normalisation: FactorOrWord = "none"
    """`none`, `batch` or `layer`, before the activation."""
    dropout: FactorOrNumber = 0.0
    """Share of the hidden units that each step drops, below 1."""
    skip: FactorOrTruth = False
    """Whether each hidden layer but the first adds what went into it."""
    initialisation: FactorOrWord = "glorot"
    """`glorot`, `he` or `lecun`: uniform kernels within sqrt(6 / (in + out)), sqrt(6 / in) or sqrt(3 / in)."""

    sorts: ClassVar[Sorts] = SHARED

    def __post_init__(self) -> None:
        if wrong := wrong_constants(self.sorts, self.hyperparameters):
            raise ValueError("; ".join(wrong))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What may be a factor."""
        return {name: getattr(self, name) for name in self.sorts}


@settings
class Mlp(Declared):
    """Dense layers; inputs of any shape are flattened."""

    kind: Literal["mlp"] = "mlp"


@settings
class Cnn(Declared):
    """Convolutions, each with a max-pooling by two after it, the mean over space and a dense layer."""

    kind: Literal["cnn"] = "cnn"
    kernel: int = 3
    """Rows and columns of each filter."""

    def __post_init__(self) -> None:
        if self.kernel < 1:
            raise ValueError(f"`kernel` must be 1 or more, got {self.kernel}")
        Declared.__post_init__(self)


@settings
class Build:
    """A Python function that builds a compiled Keras model."""

    kind: Literal["build"] = "build"
    call: str
    """`module:function`, `(**hyperparameters) -> model`; beside the study file, or installed."""
    hyperparameters: dict[str, str | float | int | bool] = field(default_factory=dict)
    """What it is called with, by keyword: the name of a factor, or a constant; text that is no factor is a constant."""
    outputs: Literal["probabilities", "logits"] = "probabilities"
    """What the model gives where there are classes."""
    callbacks: str | None = None
    """`module:function`, `(**hyperparameters) -> list of keras.callbacks.Callback`, of each training; none if null."""

    def __post_init__(self) -> None:
        check_call(self.call)
        if self.callbacks is not None:
            check_call(self.callbacks, "callbacks")


NETWORKS: dict[str, type] = {"mlp": Mlp, "cnn": Cnn, "build": Build}
Network = Annotated[Mlp | Cnn | Build, Field(discriminator="kind")]
