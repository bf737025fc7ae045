"""What a network is made of: a row for each layer, and what they come to.

Inputs are no layers here, so that a sequential model and the same one as a graph read alike; operations are.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from math import prod
from typing import Any, NamedTuple

from dnnsa.training.flops import flops
from dnnsa.training.layers import Shape

Node = tuple[str, int]  # a layer's name, and which of its calls
UNTOLD = ("name", "dtype", "trainable", "batch_shape", "build_config", "registered_name", "module")
INPUT = "InputLayer"
FLOAT = "float32"  # of declared networks, whatever Keras' own policy is
NO_PART = ("initializer", "regularizer", "constraint", "seed")  # of an architecture: how keys of such settings end


class Layer(NamedTuple):
    """One layer."""

    order: int  # from 0
    name: str
    type: str
    shape: (
        tuple[int | None, ...] | None
    )  # of what it gives, None for the entries; None as a whole if it is called twice
    parameters: int  # numbers that are trained
    trainable: bool
    inbound: tuple[str, ...]  # layers, and inputs of a graph, whose values it takes
    settings: Mapping[str, Any]
    flops: int | None  # of one input, as `dnnsa.training.flops` counts; None where they are not known
    dtype: str  # name of its dtype policy; empty for an operation, which has none


class Architecture(NamedTuple):
    """One network."""

    layers: tuple[Layer, ...]
    hash: str  # of types, shapes, sizes and connections; not of names, initial values and penalties
    types: Mapping[str, int]  # how many layers there are of each
    sequence: tuple[str, ...]  # types in order
    weight_layers: int  # those with a kernel: biases and normalisations alone do not count
    depth: int  # layers on the longest path
    width: int  # the most units or filters of a layer; 0 if none has such
    parameters: int  # numbers that are trained
    flops: int | None  # of a forward pass of one input; None if those of a layer are not known
    dtype: str  # dtype policies of its layers, such as "float32"
    branches: int  # values that several layers take
    merges: int  # layers that take several values
    skips: int  # merges of values of one origin that have gone through different numbers of layers


def describe(model: Any) -> Architecture:
    """What a built Keras model is made of, sequential or a graph; a model within it is one layer.

    Raises
    ------
    ValueError
        It is of another class, whose connections are in its code, or not built.
    """
    config = model.get_config()
    if not isinstance(config, Mapping) or "layers" not in config or not getattr(model, "built", False):
        raise ValueError(
            "the architecture of a Keras model is known if it is sequential or a graph of layers, and built; got "
            f"{type(model).__name__}"
        )
    calls = _calls(config)
    made = [one for one in getattr(model, "operations", model.layers) if type(one).__name__ != INPUT]
    rows = [_layer(order, layer, calls) for order, layer in enumerate(made)]
    kernels = {layer.name for layer in made if any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))}
    return _summed(rows, calls, kernels)


def declared(shape: Shape, activation: str, dropout: float) -> Architecture:
    """What a declared network is made of, in the words of Keras; here its width is not padded."""
    rows: list[Layer] = []
    calls: dict[Node, tuple[Node, ...]] = {}
    for kind, own_shape, parameters, settings, inbound in _declared(shape, activation, dropout):
        name = f"{kind.lower()}_{len(rows)}"
        before = tuple(
            rows[place].name for place in (inbound if inbound is not None else (len(rows) - 1,)) if place >= 0
        )
        takes = [rows[int(one.rpartition("_")[2])].shape for one in before]
        count = flops(kind, settings, [one[1:] for one in takes if one] or [shape.inputs], own_shape)  # type: ignore[misc]
        trained = parameters > 0
        rows.append(
            Layer(len(rows), name, kind, (None, *own_shape), parameters, trained, before, settings, count, FLOAT)
        )
        calls[name, 0] = tuple((one, 0) for one in before)
    return _summed(rows, calls, {row.name for row in rows if row.type in ("Dense", "Conv2D")})


Told = tuple[str, tuple[int, ...], int, dict[str, Any], tuple[int, ...] | None]


def _declared(shape: Shape, activation: str, dropout: float) -> Iterator[Told]:
    """Type, shape, parameters, settings, and positions of the layers before if it is not the one before."""
    conv, now, at, width = shape.kind == "cnn", shape.inputs, -1, shape.width
    if not conv and len(now) != 1:
        now, at = (prod(now),), at + 1
        yield "Flatten", now, 0, {}, None
    for layer in range(shape.layers):
        into, skipped = now[-1], at
        now = (*now[:-1], width)
        if conv:
            size = [shape.kernel] * 2
            yield "Conv2D", now, (into * shape.kernel**2 + 1) * width, {"filters": width, "kernel_size": size}, None
        else:
            yield "Dense", now, (into + 1) * width, {"units": width}, None
        at += 1
        if shape.normalisation != "none":
            kind = "BatchNormalization" if shape.normalisation == "batch" else "LayerNormalization"
            yield kind, now, 2 * width, {}, None
            at += 1
        yield "Activation", now, 0, {"activation": activation}, None
        at += 1
        if shape.dropout:
            yield "Dropout", now, 0, {"rate": dropout}, None
            at += 1
        if shape.skip and layer:
            yield "Add", now, 0, {}, (at, skipped)
            at += 1
        if conv and min(now[:2]) > 1:
            now = (-(-now[0] // 2), -(-now[1] // 2), width)
            yield "MaxPooling2D", now, 0, {"pool_size": [2, 2]}, None
            at += 1
    if conv:
        now = (now[-1],)
        yield "GlobalAveragePooling2D", now, 0, {}, None
    yield "Dense", (shape.outputs,), (now[-1] + 1) * shape.outputs, {"units": shape.outputs}, None


def _calls(config: Mapping[str, Any]) -> dict[Node, tuple[Node, ...]]:
    """Each call of a layer or an input, with the calls whose values it takes."""
    listed = [(str(one["config"]["name"]), one["class_name"], one.get("inbound_nodes")) for one in config["layers"]]
    if all(nodes is None for _, _, nodes in listed):  # sequential
        names = [name for name, kind, _ in listed if kind != INPUT]
        return {(name, 0): ((names[place - 1], 0),) if place else () for place, name in enumerate(names)}
    calls: dict[Node, tuple[Node, ...]] = {}
    for name, kind, nodes in listed:
        calls |= {(name, number): tuple(dict.fromkeys(_histories(node))) for number, node in enumerate(nodes)}
        if kind == INPUT:
            calls[name, 0] = ()
    return calls


def _histories(node: Any) -> Iterator[Node]:
    """Where the tensors come from that a call takes, however deep they lie in its arguments."""
    if isinstance(node, Mapping):
        if "keras_history" in node:
            name, number, _ = node["keras_history"]
            yield str(name), int(number)
        else:
            for value in node.values():
                yield from _histories(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _histories(value)


def _layer(order: int, layer: Any, calls: Mapping[Node, Sequence[Node]]) -> Layer:
    own = [node for node in calls if node[0] == layer.name]
    inbound = dict.fromkeys(name for node in own for name, _ in calls[node])
    shape = getattr(layer.output, "shape", None) if len(own) == 1 else None
    trained = getattr(layer, "trainable_weights", ())
    settings = {key: value for key, value in layer.get_config().items() if key not in UNTOLD}
    return Layer(
        order=order,
        name=layer.name,
        type=type(layer).__name__,
        shape=None if shape is None else tuple(shape),
        parameters=sum(prod(weight.shape) for weight in trained),
        trainable=bool(trained),
        inbound=tuple(inbound),
        settings=settings,
        flops=_flops(layer, settings, len(own) == 1),
        dtype=str(getattr(getattr(layer, "dtype_policy", None), "name", "")),
    )


def _flops(layer: Any, settings: Mapping[str, Any], once: bool) -> int | None:
    """Of a layer, or of a model within the model; None of what is called several times, or not known."""
    if not once:
        return None
    if hasattr(layer, "layers"):
        try:
            return describe(layer).flops
        except ValueError:  # its connections are in its code
            return None
    taken = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    return flops(type(layer).__name__, settings, [_size(one) for one in taken], _size(layer.output))


def _size(tensor: Any) -> tuple[int, ...] | None:
    """The shape of a tensor without its entries; None where a part of it is open."""
    shape = tuple(getattr(tensor, "shape", ()))[1:]
    return None if any(size is None for size in shape) or not hasattr(tensor, "shape") else shape


def _summed(rows: Sequence[Layer], calls: Mapping[Node, tuple[Node, ...]], kernels: set[str]) -> Architecture:
    """What layers come to."""
    layers = {row.name for row in rows}
    depth: dict[Node, int] = {}
    origins: dict[Node, set[Node]] = {}  # all that a value was made of, itself too
    for node in TopologicalSorter(calls).static_order():
        before = calls[node]
        depth[node] = (node[0] in layers) + max((depth[one] for one in before), default=0)
        origins[node] = {node}.union(*(origins[one] for one in before))
    taken = Counter(one for before in calls.values() for one in before)
    merges = [before for before in calls.values() if len(before) > 1]
    uneven = [before for before in merges if len({depth[one] for one in before}) > 1]
    return Architecture(
        layers=tuple(rows),
        hash=_hash(rows),
        types=dict(Counter(row.type for row in rows)),
        sequence=tuple(row.type for row in rows),
        weight_layers=len(kernels),
        depth=max(depth.values(), default=0),
        width=max((int(row.settings.get("units") or row.settings.get("filters") or 0) for row in rows), default=0),
        parameters=sum(row.parameters for row in rows),
        flops=None if any(row.flops is None for row in rows) else sum(row.flops or 0 for row in rows),
        dtype=", ".join(dict.fromkeys(row.dtype for row in rows if row.dtype)),
        branches=sum(count > 1 for count in taken.values()),
        merges=len(merges),
        skips=sum(bool(set.intersection(*(origins[one] for one in before))) for before in uneven),
    )


def _hash(rows: Sequence[Layer]) -> str:
    """The first 16 digits of a SHA-256."""
    place = {row.name: row.order for row in rows}
    told = [
        [
            row.type,
            row.shape,
            row.parameters,
            sorted(place.get(name, -1) for name in row.inbound) or [-1],
            {key: value for key, value in row.settings.items() if not key.endswith(NO_PART)},
        ]
        for row in rows
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]
