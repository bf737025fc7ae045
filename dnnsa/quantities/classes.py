"""One class of a classifier, chosen by number, by each case's label or by what the network says of it unperturbed."""

from collections.abc import Callable
from typing import Literal

from dnnsa.arrays import Tensor, picked
from dnnsa.errors import ModelError
from dnnsa.quantities.base import Compute, Need, Seen

Which = Literal["label", "predicted"] | int


def needs_of(of: Which) -> frozenset[Need]:
    """What choosing the class needs."""
    named: dict[Which, frozenset[Need]] = {"label": frozenset({"labels"}), "predicted": frozenset({"predicted"})}
    return named.get(of, frozenset())


def of_class(of: Which, scores: Callable[[Seen], Tensor], nominal: Seen) -> Compute:
    """The column of scores (rows, classes) of each row's class.

    Raises
    ------
    ModelError
        The network knows no such class.
    """
    classes = scores(nominal).shape[1]
    if isinstance(of, int):
        if not 0 <= of < classes:
            raise ModelError(f"of: the network tells {classes} classes apart, 0 to {classes - 1}, got {of}.")
        return lambda seen: scores(seen)[:, of]
    return lambda seen: picked(scores(seen), chosen(of, seen)[:, None])[:, 0]


def chosen(of: Which, seen: Seen) -> Tensor:
    """The class of each row, (rows,) int32."""
    from keras import ops

    if isinstance(of, int):
        return ops.full((seen.outputs.shape[0],), of, dtype="int32")
    return seen.labels if of == "label" else seen.predicted
