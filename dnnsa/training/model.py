"""A training as the model of a study: hyperparameters are its factors, and each run trains a network."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dnnsa.errors import ModelError
from dnnsa.files import Digests
from dnnsa.functions import function_files, load_functions
from dnnsa.models import backend
from dnnsa.models.base import Coords, Evaluator, Outputs, Values
from dnnsa.settings import settings
from dnnsa.training.built import Built, arguments
from dnnsa.training.callbacks import CALLBACKS
from dnnsa.training.checkpoint import Keep, keep_of
from dnnsa.training.data import Data, Loaded
from dnnsa.training.declared import Declared
from dnnsa.training.history import History
from dnnsa.training.hyperparameters import (
    BELOW_ONE,
    COUNT,
    NOT_NEGATIVE,
    OPTIMIZERS,
    POSITIVE,
    SEED,
    FactorOrInteger,
    FactorOrNumber,
    FactorOrWord,
    Sort,
    Sorts,
    chosen,
    wrong_constants,
)
from dnnsa.training.left import Left, left_by
from dnnsa.training.networks import Build, Cnn, Network
from dnnsa.training.quantities import QUANTITIES, ended

CALL = "model.network.call"
OF_COMPILED = ("optimizer", "learning_rate", "decay", "momentum", "beta_1", "beta_2", "l2", "weight_decay")

Name = Literal[
    "error",
    "loss",
    "log10_loss",
    "validation_error",
    "validation_loss",
    "best_validation_error",
    "best_validation_loss",
    "best_epoch",
    "epochs_made",
    "epochs_to",
    "skill_best",
    "skill_final",
    "skill_area",
    "skill_lost",
    "epochs_to_half",
    "calibration_error",
    "parameters",
    "diverged",
    "train_loss_curve",
    "train_error_curve",
    "validation_loss_curve",
    "validation_error_curve",
    "p_true",
    "predictions",
]

SORTS: Sorts = {
    "optimizer": Sort(str, words=OPTIMIZERS),
    "learning_rate": POSITIVE,
    "decay": POSITIVE,
    "momentum": BELOW_ONE,
    "beta_1": BELOW_ONE,
    "beta_2": BELOW_ONE,
    "l2": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "batch_size": COUNT,
    "epochs": COUNT,
    "seed": SEED,
    "order_seed": SEED._replace(optional=True),
}


@settings
class EarlyStopping:
    """When a training ends before its last epoch: its validation loss has not fallen for some epochs."""

    patience: FactorOrInteger
    """Epochs without a fall after which it ends, 1 or more."""
    minimum_gain: FactorOrNumber = 0.0
    """What a fall must be more than, in units of the loss."""
    restore: bool = True
    """Whether the weights of the epoch of the least validation loss are those that count in the end."""

    def __post_init__(self) -> None:
        if wrong := wrong_constants(STOPPING, self.hyperparameters):
            raise ValueError("; ".join(wrong))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in STOPPING}


STOPPING: Sorts = {"patience": COUNT, "minimum_gain": NOT_NEGATIVE}


@settings
class Checkpoint:
    """Where a long training is kept while it lasts."""

    epochs: int
    """Epochs from one to the next."""
    path: str = "checkpoints"
    """A folder that all workers see, relative to the study file."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"`epochs` must be 1 or more, got {self.epochs}")


@settings
class Training:
    """A network trained in each run, of which hyperparameters, seeds among them, are factors."""

    kind: Literal["training"] = "training"
    data: Data
    """What it is trained on, and measured by."""
    network: Network
    """What is trained."""
    optimizer: FactorOrWord = "adam"
    """`sgd`, `nesterov`, `adam`, `rmsprop` or `adagrad`, with the formulas of Keras."""
    learning_rate: FactorOrNumber = 0.001
    """Of the first epoch, above 0."""
    decay: FactorOrNumber = 1.0
    """What the learning rate is multiplied by after each epoch, above 0."""
    momentum: FactorOrNumber = 0.0
    """Of `sgd`, `nesterov` and `rmsprop`, below 1."""
    beta_1: FactorOrNumber = 0.9
    """Of `adam`, below 1."""
    beta_2: FactorOrNumber = 0.999
    """Of `adam`, below 1."""
    l2: FactorOrNumber = 0.0
    """Penalty: so much times the sum of the squares of all kernels is added to the loss that is minimised."""
    weight_decay: FactorOrNumber = 0.0
    """Share of every weight, times the learning rate, that each step takes away, apart from the gradient."""
    batch_size: FactorOrInteger = 32
    """Inputs of a step; the last batch of an epoch has what is left."""
    epochs: FactorOrInteger
    """How often all training data are gone through."""
    horizon: int | None = None
    """Epochs that curves have: `epochs` unless given; needed where that is a factor."""
    early_stopping: EarlyStopping | None = None
    """Never unless given."""
    seed: FactorOrInteger = 0
    """Which initial weights, and which units are dropped."""
    order_seed: FactorOrInteger | None = None
    """Which order the data come in; `seed` unless given."""
    threshold: float = 0.1
    """The validation error, of targets the validation loss, that `epochs_to` waits for."""
    quantities: tuple[Name, ...] = ("loss",)
    """What is computed of each training, by name."""
    checkpoint: Checkpoint | None = None
    """Declared networks are kept so, and go on where a worker died; nothing is kept unless given."""
    keep: str | None = None
    """A folder that all workers see, relative to the study file, for the networks of trainings; none unless given."""

    def __post_init__(self) -> None:
        own = {name: getattr(self, name) for name in SORTS}
        if wrong := [*wrong_constants(SORTS, own), *self._wrong()]:
            raise ValueError("; ".join(wrong))

    def _wrong(self) -> Iterator[str]:
        """What does not go together."""
        if isinstance(self.epochs, str) and self.horizon is None:
            yield "`horizon` is missing: `epochs` is a factor, and curves need its largest value"
        if isinstance(self.epochs, int) and self.horizon is not None and self.horizon < self.epochs:
            yield f"`horizon` must be `epochs`, {self.epochs}, or more, got {self.horizon}"
        if not self.quantities or len(set(self.quantities)) < len(self.quantities):
            yield f"`quantities` must name one or more, each once, got {list(self.quantities)}"
        if self.data.labels is None and (named := [one for one in self.quantities if QUANTITIES[one].of_classes]):
            yield f"`quantities` has {', '.join(named)}, of classes alone: give `data.labels`, or leave it out"
        if isinstance(self.network, Build):
            fields = type(self).__dataclass_fields__
            if moved := [name for name in OF_COMPILED if getattr(self, name) != fields[name].default]:
                yield (
                    f"`{moved[0]}` is a matter of the function that builds and compiles the network: give it in "
                    "`network.hyperparameters`"
                )
            if self.checkpoint is not None:
                yield "`checkpoint` is for networks of kind `mlp` and `cnn`: leave it out"

    # what is a factor

    @property
    def sorts(self) -> Sorts:
        """Which values each hyperparameter may have, by its setting from `model` on."""
        own = dict(SORTS) | {f"data.{name}": sort for name, sort in self.data.sorts.items()}
        if self.early_stopping is not None:
            own |= {f"early_stopping.{name}": sort for name, sort in STOPPING.items()}
        if isinstance(self.network, Build):
            return own
        return own | {f"network.{name}": sort for name, sort in self.network.sorts.items()}

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the study file says of each of them: a constant, or the name of a factor."""
        own = {name: getattr(self, name) for name in SORTS}
        own |= {f"data.{name}": said for name, said in self.data.hyperparameters.items()}
        if self.early_stopping is not None:
            own |= {f"early_stopping.{name}": said for name, said in self.early_stopping.hyperparameters.items()}
        if not isinstance(self.network, Build):
            own |= {f"network.{name}": said for name, said in self.network.hyperparameters.items()}
        return own

    @property
    def dims(self) -> dict[str, tuple[str, ...]]:
        """Dimensions of its quantities."""
        return {name: QUANTITIES[name].dims for name in self.quantities}

    # how it is run

    def files(self, directory: Path) -> Mapping[str, Path]:
        files = dict(self.data.files(directory))
        if isinstance(self.network, Build):
            for setting, call in _calls(self.network).items():
                files |= function_files(setting, call, directory)
        return files

    def returned(self, directory: Path, digests: Digests) -> Mapping[str, str]:
        """The digest of what a function returns as data, by its setting."""
        return self.data.returned(directory, digests)

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Read the data and make the trainer ready, in the process that will train.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, or the data are not what is needed.
        """
        backend.start()
        data = self.data.load(directory, digests)
        if isinstance(self.network, Cnn) and data.training.inputs.ndim != 4:
            raise ModelError(
                f"model.data.inputs: a `cnn` needs inputs of shape (rows, columns, channels), got "
                f"{data.training.inputs.shape[1:]}: add the dimension of channels, or train an `mlp`."
            )
        horizon = self.horizon or int(self.epochs)
        train = self._trainer(directory, digests, data)
        kept = directory / self.checkpoint.path if self.checkpoint else None
        every = self.checkpoint.epochs if self.checkpoint else 0
        about = {"files": dict(digests), "model": repr(self)}

        def once(values: dict[str, Any]) -> dict[str, Any]:
            asked = chosen(self.sorts, self.hyperparameters, values)
            if asked["epochs"] > horizon:
                raise ValueError(f"model.horizon: a run of {asked['epochs']} epochs is longer than {horizon}")
            keep = keep_of(kept, every, {**about, "run": asked})
            history = train(asked, values, keep)
            if (left := self.left(directory, digests, values)) and history.network:
                left.write(history.network())
            one = ended(history, data, horizon, self.threshold)
            return {name: np.asarray(QUANTITIES[name].of(one), dtype=np.float64) for name in self.quantities}

        def run(values: Values) -> Outputs:
            columns = [column.tolist() for column in values.values()]
            rows = [once(dict(zip(values, row, strict=True))) for row in zip(*columns, strict=True)]
            return {name: np.stack([row[name] for row in rows]) for name in self.quantities}

        return Evaluator(run, self.dims, _coords(data, horizon))

    def left(self, directory: Path, digests: Digests, values: Mapping[str, Any]) -> Left | None:
        """Where the training leaves its network that has these values of factors; None if none is kept.

        Its name follows from what the network is a function of: not from what is computed of it.
        """
        if self.keep is None:
            return None
        own = replace(self, quantities=("loss",), threshold=0.1, checkpoint=None, keep=None)
        told = {"run": chosen(self.sorts, self.hyperparameters, values)}
        if isinstance(self.network, Build):
            told["arguments"] = arguments(self.network.hyperparameters, values)
        return left_by(directory / self.keep, {"files": dict(digests), "model": repr(own), **told})

    def _trainer(
        self, directory: Path, digests: Digests, data: Loaded
    ) -> Callable[[dict[str, Any], dict[str, Any], Keep], History]:
        restore = self.early_stopping is not None and self.early_stopping.restore
        if isinstance(self.network, Build):
            functions = load_functions(_calls(self.network), directory, digests)
            return Built(functions[CALL], functions.get(CALLBACKS), self.network, data, restore).train
        kernel = self.network.kernel if isinstance(self.network, Cnn) else 1
        declared = Declared(self.network.kind, kernel, data, restore)
        return lambda asked, _, keep: declared.train(asked, keep)


def _calls(network: Build) -> dict[str, str]:
    """Its functions, by setting."""
    return {CALL: network.call} | ({CALLBACKS: network.callbacks} if network.callbacks is not None else {})


def _coords(data: Loaded, horizon: int) -> Coords:
    outputs = data.classes or data.outputs
    return {
        "epoch": (("epoch",), np.arange(1, horizon + 1)),
        "case": (("case",), data.cases),
        "output": (("output",), np.arange(outputs)),
    }
