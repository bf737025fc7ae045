"""What a classifier does with one class: its score, what it costs, and by how much it wins."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor
from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen
from dnnsa.quantities.classes import Which, chosen, needs_of, of_class
from dnnsa.settings import settings


@settings
class Logit:
    """What the network gives for one class, before a softmax where it ends without one (`model.outputs: logits`)."""

    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["logit"] = "logit"
    of: Which
    """`label`, `predicted` for the class that the network gives the unperturbed case, or a class, counted from 0."""

    @property
    def needs(self) -> frozenset[Need]:
        return needs_of(self.of) | {"classes"}

    def bind(self, nominal: Seen, place: Place) -> Compute:
        return of_class(self.of, lambda seen: seen.outputs, nominal)


@settings
class Loss:
    """Cross-entropy of the case's class, nats: minus the logarithm of its probability; infinite where that is 0."""

    needs: ClassVar[frozenset[Need]] = frozenset({"probabilities", "labels"})
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["loss"] = "loss"

    def bind(self, nominal: Seen, place: Place) -> Compute:
        from keras import ops

        probability = of_class("label", lambda seen: seen.probabilities, nominal)
        return lambda seen: -ops.log(probability(seen))


@settings
class Correct:
    """1 where the class of the highest score is the case's, 0 where it is another; of equal scores the first wins."""

    needs: ClassVar[frozenset[Need]] = frozenset({"classes", "labels"})
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = False
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["correct"] = "correct"

    def bind(self, nominal: Seen, place: Place) -> Compute:
        return _correct


def _correct(seen: Seen) -> Tensor:
    from keras import ops

    right = ops.cast(ops.argmax(seen.outputs, axis=1), "int32") == seen.labels
    return ops.where(_failed(seen.outputs), float("nan"), ops.cast(right, seen.outputs.dtype))


def _failed(outputs: Tensor) -> Tensor:
    """Which rows hold NaN, (rows,): no class is the highest there."""
    from keras import ops

    return ops.any(ops.isnan(outputs), axis=1)


@settings
class Margin:
    """Score of one class less the highest of the others: above 0 where it wins. Of probabilities, or of logits."""

    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["margin"] = "margin"
    of: Which
    """`label`, `predicted` for the class that the network gives the unperturbed case, or a class, counted from 0."""

    @property
    def needs(self) -> frozenset[Need]:
        return needs_of(self.of) | {"classes"}

    def bind(self, nominal: Seen, place: Place) -> Compute:
        from keras import ops

        own = of_class(self.of, lambda seen: seen.outputs, nominal)
        classes = nominal.outputs.shape[1]

        def margin(seen: Seen) -> Tensor:
            itself = ops.arange(classes)[None, :] == chosen(self.of, seen)[:, None]  # (rows, classes)
            others = ops.max(ops.where(itself, float("-inf"), seen.outputs), axis=1)
            return ops.where(_failed(seen.outputs), float("nan"), own(seen) - others)

        return margin
