"""Networks of one architecture, and an integer factor that says which of them a run goes through."""

from collections.abc import Sequence
from typing import Any

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.models import backend
from dnnsa.models.base import Network
from dnnsa.settings import settings


@settings
class Ensemble:
    """Other networks of the same architecture, trained with other seeds say: members 1, 2 and so on; `path` is 0."""

    member: str
    """The factor of integers, from 0 to the number of `paths`, that says which network a run goes through."""
    paths: tuple[str, ...]
    """The .keras files of members 1, 2 and so on, relative to the study file."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("`paths` must name at least one other .keras file: member 0 is `path`")


def joined(networks: Sequence[Network], factor: str) -> Network:
    """One network of several, whose rows go through the one that a factor names.

    The rows of a batch are sorted by member and each member gets its own, so that a batch costs what it costs without
    an ensemble; a batch of one member's rows alone has the bits of that network. Where shapes must be known when a
    function is compiled (JAX), every member gets all rows instead.
    """

    def predict(inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
        from keras import ops

        member = ops.cast(values[factor], "int32")
        by_member = _all_rows if backend.name() == "jax" else _own_rows
        return by_member([network.predict for network in networks], member, inputs, values)

    return networks[0]._replace(predict=predict, variables=(), predict_with=None)


def _own_rows(members: Sequence[Any], member: Tensor, inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
    """Outputs ``(rows, ...)`` of each row's member, which gets those rows alone."""
    from keras import ops

    rows, parts = [], []
    for number, one in enumerate(members):
        own = ops.nonzero(member == number)[0]
        count = ops.shape(own)[0]
        taken = ops.concatenate([own, ops.zeros((1,), own.dtype)[: 1 - count]])  # some layers take no batch of no row
        given = {name: ops.take(value, taken, axis=0) for name, value in values.items()}
        rows.append(own)
        parts.append([x[:count] for x in one(ops.take(inputs, taken, axis=0), given)])
    back = ops.argsort(ops.concatenate(rows))
    grouped = (ops.concatenate(outputs, axis=0) for outputs in zip(*parts, strict=True))
    return tuple(ops.reshape(ops.take(x, back, axis=0), (inputs.shape[0], *x.shape[1:])) for x in grouped)


def _all_rows(members: Sequence[Any], member: Tensor, inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
    """The same, from all rows through each member."""
    from keras import ops

    chosen, *others = (one(inputs, values) for one in members)
    for number, outputs in enumerate(others, start=1):
        chosen = tuple(
            ops.where(ops.reshape(member == number, (-1,) + (1,) * (len(x.shape) - 1)), x, before)
            for x, before in zip(outputs, chosen, strict=True)
        )
    return tuple(chosen)


def check_alike(setting: str, path: str, network: Any, first_path: str, first: Any) -> None:
    """Refuse a network of Keras whose layers are of other kinds than the first one's, or whose weights of other shapes.

    Names are not compared: Keras numbers the layers of networks that are made one after the other.
    """
    own, asked = _layers(network), _layers(first)
    differ = [number for number, (one, other) in enumerate(zip(own, asked, strict=False)) if one != other]
    if differ or len(own) != len(asked):
        told = (
            f"layer {differ[0]} is {own[differ[0]]} and there {asked[differ[0]]}"
            if differ
            else f"it has {len(own)} layers and that has {len(asked)}"
        )
        raise ModelError(
            f"{setting}: {path} is not of the architecture of {first_path}: {told}; members of an ensemble have the "
            "same layers."
        )


def _layers(network: Any) -> list[str]:
    """Each layer in words: its kind and the shapes of its weights, and of the inputs."""
    return [
        f"{type(layer).__name__} of shapes {[tuple(v.shape) for v in layer.variables] or _shape(layer)}"
        for layer in network._flatten_layers(include_self=False)
    ]


def _shape(layer: Any) -> Any:
    return getattr(layer, "batch_shape", ())[1:]
