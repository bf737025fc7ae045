"""One training of a Keras model that a function of the study's own builds and compiles, with callbacks of its own."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.training.callbacks import Callbacks, callbacks_of
from dnnsa.training.checkpoint import Keep
from dnnsa.training.data import Loaded, Part, subset, training_size
from dnnsa.training.declared import told
from dnnsa.training.history import History
from dnnsa.training.networks import Build
from dnnsa.training.quantities import measure
from dnnsa.training.seeds import orders
from dnnsa.training.stopping import Course

Array = NDArray[Any]
CHUNK = 1024  # entries that are evaluated at once


class Built:
    """Trains what a function builds, batch by batch, in the order that the declared networks see the data."""

    def __init__(
        self,
        function: Callable[..., Any],
        callbacks: Callable[..., Any] | None,
        network: Build,
        data: Loaded,
        restore: bool,
    ) -> None:
        self.function, self.callbacks, self.network, self.data = function, callbacks, network, data
        self.restore = restore

    def train(self, chosen: Mapping[str, Any], values: Mapping[str, Any], keep: Keep) -> History:
        """One training; `keep` has no say: what Keras keeps of an optimizer is its own."""
        model, callbacks = self._made(chosen, values)
        size, batch = training_size(self.data, chosen), chosen["batch_size"]
        own = subset(chosen["data.subset_seed"], self.data.training.size)[:size]
        seed = chosen["seed"] if chosen["order_seed"] is None else chosen["order_seed"]
        course, kept, logs = Course(), None, {}
        patience, gain = chosen.get("early_stopping.patience", np.inf), chosen.get("early_stopping.minimum_gain", 0.0)
        callbacks.begin(model, chosen["epochs"], -(-size // batch))
        while course.goes_on(chosen["epochs"], patience) and not (course.curves and model.stop_training):
            done = len(course.curves)
            callbacks.tell("on_epoch_begin", done)
            self._epoch(model, callbacks, own[orders(seed, range(done, done + 1), size)[0]], batch)
            metrics = self._metrics(model)
            course = course.after(metrics, gain)
            kept = model.get_weights() if self.restore and course.is_best else kept  # before a callback changes them
            logs = _logs(metrics, self.data.classes)
            callbacks.tell("on_epoch_end", done, logs=logs)
        callbacks.tell("on_train_end", logs=logs)
        return self._history(model, course, kept)

    def _made(self, chosen: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[Any, Callbacks]:
        """The model of a run before it is trained, and who is told of that."""
        import keras

        keras.backend.clear_session()  # names and graphs of the run before
        keras.utils.set_random_seed(chosen["seed"] % 2**32)
        given = arguments(self.network.hyperparameters, values)
        model = self.function(**given)
        if not getattr(model, "compiled", False):
            raise ValueError(f"model.network.call: must return a compiled Keras model, got {type(model).__name__}")
        return model, callbacks_of(self.callbacks, given)

    def _epoch(self, model: Any, callbacks: Callbacks, order: NDArray[np.int32], batch: int) -> None:
        """Show the model the training data once, or until a callback stops it."""
        for step, start in enumerate(range(0, len(order), batch)):
            rows = order[start : start + batch]
            callbacks.tell("on_train_batch_begin", step)
            logs = model.train_on_batch(
                self.data.training.inputs[rows], self.data.training.truth[rows], return_dict=True
            )
            callbacks.tell("on_train_batch_end", step, logs=logs)
            if model.stop_training:
                break

    def _history(self, model: Any, course: Course, kept: Any) -> History:
        """What came of it, with the weights that were kept, if any, or those that there are now."""
        curves = course.array()
        if kept is not None:
            model.set_weights(kept)
            end = curves[:, course.best_epoch]
        elif self.callbacks is not None:  # which may have changed the weights since they were measured
            end = np.array(self._metrics(model))
        else:
            end = curves[:, -1]
        outputs = self._told(model, self.data.test)
        diverged = not all(np.isfinite(array).all() for array in (curves, end, outputs))
        count = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
        return History(curves, end, outputs, count, diverged, lambda: model)

    def _metrics(self, model: Any) -> tuple[float, ...]:
        """Losses and shares of errors, as the rows of the curves."""
        return (*self._measured(model, self.data.training), *self._measured(model, self.data.validation))

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
        if self.network.outputs == "probabilities":
            with np.errstate(invalid="ignore"):
                return np.asarray(np.log(np.maximum(outputs, np.finfo(np.float32).tiny)))
        return told(outputs, self.data.classes)


def arguments(given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the function is called with in a run: its constants, and its factors' values."""
    return {name: values[said] if isinstance(said, str) and said in values else said for name, said in given.items()}


def _logs(metrics: tuple[float, ...], classes: int) -> dict[str, float]:
    """Metrics under the names that `fit` has for them."""
    loss, error, validation_loss, validation_error = metrics
    logs = {"loss": loss, "val_loss": validation_loss}
    return logs | {"accuracy": 1 - error, "val_accuracy": 1 - validation_error} if classes else logs
