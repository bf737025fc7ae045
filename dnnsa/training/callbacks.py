"""Callbacks of Keras that a function of the study's own makes: they are told of a training as `fit` tells them."""

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

CALLBACKS = "model.network.callbacks"


class Callbacks:
    """Those of one training, told one after the other, in their order.

    The list of Keras tells some in a thread, when it comes to it; here it is known what was told before what.
    """

    def __init__(self, listed: Sequence[Any]) -> None:
        self.listed = listed

    def begin(self, model: Any, epochs: int, steps: int) -> None:
        """Hand them the model, and tell them that its training begins; from now on they may stop it."""
        model.stop_training = False
        for one in self.listed:
            one.set_params({"verbose": 0, "epochs": epochs, "steps": steps})
            one.set_model(model)
        self.tell("on_train_begin")

    def tell(self, event: str, *place: int, logs: Mapping[str, Any] | None = None) -> None:
        """Call a method of each, with the epoch or batch if it is of one; logs of one pass through all."""
        shared = dict(logs or {})
        for one in self.listed:
            getattr(one, event)(*place, shared)


def callbacks_of(function: Callable[..., Any] | None, given: Mapping[str, Any]) -> Callbacks:
    """What a function returns, called with those of the hyperparameters that it names; nobody if there is none.

    Raises
    ------
    ValueError
        It returns something else than a list of callbacks.
    """
    import keras

    if function is None:
        return Callbacks(())
    listed = function(**_named(function, given))
    if not isinstance(listed, list | tuple):
        raise ValueError(f"{CALLBACKS}: must return a list of callbacks of Keras, got {_shown(listed)}")
    for place, one in enumerate(listed):
        if not isinstance(one, keras.callbacks.Callback):
            raise ValueError(
                f"{CALLBACKS}: must return a list of callbacks of Keras, instances of keras.callbacks.Callback, and "
                f"its entry {place} is {_shown(one)}"
            )
    return Callbacks(listed)


def _named(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a function asks for, by its signature; all of it if that has `**` of any name."""
    asked = inspect.signature(function).parameters
    if any(one.kind is one.VAR_KEYWORD for one in asked.values()):
        return dict(given)
    return {name: value for name, value in given.items() if name in asked}


def _shown(value: Any) -> str:
    return f"{reprlib.repr(value)} of type {type(value).__name__}"
