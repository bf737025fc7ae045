"""One training of a Keras model that a function of the study's own builds and compiles."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.training.checkpoint import Keep
from dnnsa.training.data import Loaded, Part, subset, training_size
from dnnsa.training.declared import told
from dnnsa.training.history import History
from dnnsa.training.quantities import measure
from dnnsa.training.seeds import orders
from dnnsa.training.stopping import Course

Array = NDArray[Any]
CHUNK = 1024  # entries that are evaluated at once


class Built:
    """Trains what a function builds, batch by batch, in the order that the declared networks see the data."""

    def __init__(
        self, function: Callable[..., Any], given: Mapping[str, Any], outputs: str, data: Loaded, restore: bool
    ) -> None:
        self.function, self.given, self.outputs, self.data, self.restore = function, given, outputs, data, restore

    def train(self, chosen: Mapping[str, Any], values: Mapping[str, Any], keep: Keep) -> History:
        """One training; `keep` has no say: what Keras keeps of an optimizer is its own."""
        import keras

        keras.backend.clear_session()  # names and graphs of the run before
        keras.utils.set_random_seed(chosen["seed"] % 2**32)
        model = self.function(**arguments(self.given, values))
        if not getattr(model, "compiled", False):
            raise ValueError(f"model.network.call: must return a compiled Keras model, got {type(model).__name__}")
        size = training_size(self.data, chosen)
        own = subset(chosen["data.subset_seed"], self.data.training.size)[:size]
        seed = chosen["seed"] if chosen["order_seed"] is None else chosen["order_seed"]
        course, kept = Course(), None
        patience, gain = chosen.get("early_stopping.patience", np.inf), chosen.get("early_stopping.minimum_gain", 0.0)
        while course.goes_on(chosen["epochs"], patience):
            done = len(course.curves)
            order = own[orders(seed, range(done, done + 1), size)[0]]
            for start in range(0, size, chosen["batch_size"]):
                rows = order[start : start + chosen["batch_size"]]
                model.train_on_batch(self.data.training.inputs[rows], self.data.training.truth[rows])
            metrics = (*self._measured(model, self.data.training), *self._measured(model, self.data.validation))
            course = course.after(metrics, gain)
            kept = model.get_weights() if self.restore and course.is_best else kept
        if kept is not None:
            model.set_weights(kept)
        outputs, curves = self._told(model, self.data.test), course.array()
        diverged = not (np.isfinite(curves).all() and np.isfinite(outputs).all())
        last = course.best_epoch if self.restore else curves.shape[1] - 1
        count = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
        return History(curves, last, outputs, count, diverged, lambda: model)

    def _measured(self, model: Any, part: Part) -> tuple[float, float]:
        return measure(part.truth, self._told(model, part), self.data.classes)

    def _told(self, model: Any, part: Part) -> NDArray[np.float64]:
        """Log probabilities, or values, ``(entries, outputs)``."""
        pieces = [model.predict_on_batch(part.inputs[at : at + CHUNK]) for at in range(0, part.size, CHUNK)]
        outputs = np.concatenate(pieces).astype(np.float64).reshape(part.size, -1)
        if outputs.shape[1] != self.data.outputs:
            raise ValueError(
                f"model.network.call: the model gives {outputs.shape[1]} numbers for an input, and the data have "
                f"{self.data.outputs} {'classes' if self.data.classes else 'targets'}"
            )
        if not self.data.classes:
            return outputs
        if self.outputs == "probabilities":
            with np.errstate(invalid="ignore"):
                return np.asarray(np.log(np.maximum(outputs, np.finfo(np.float32).tiny)))
        return told(outputs, self.data.classes)


def arguments(given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the function is called with in a run: its constants, and its factors' values."""
    return {name: values[said] if isinstance(said, str) and said in values else said for name, said in given.items()}
