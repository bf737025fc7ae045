"""What a classifier says: the probability of a class, and how undecided it is."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor
from dnnsa.quantities.base import Compute, Levels, Need, Place, Seen
from dnnsa.quantities.classes import Which, needs_of, of_class
from dnnsa.settings import settings


@settings
class Probability:
    """Probability of one class."""

    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["probability"] = "probability"
    of: Which
    """`label`, `predicted` for the class that the network gives the unperturbed case, or a class, counted from 0."""

    @property
    def needs(self) -> frozenset[Need]:
        return needs_of(self.of) | {"probabilities"}

    def bind(self, nominal: Seen, place: Place) -> Compute:
        return of_class(self.of, lambda seen: seen.probabilities, nominal)


@settings
class Entropy:
    """Entropy of the predicted probabilities, nats: 0 when certain, log(classes) when every class is as likely."""

    needs: ClassVar[frozenset[Need]] = frozenset({"probabilities"})
    layers: ClassVar[tuple[str, ...]] = ()
    smooth: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["entropy"] = "entropy"

    def bind(self, nominal: Seen, place: Place) -> Compute:
        return _entropy


def _entropy(seen: Seen) -> Tensor:
    from keras import ops

    p = seen.probabilities
    certain = ops.where(p == 0, ops.ones_like(p), p)  # 0 log 0 = 0 = 1 log 1
    return ops.sum(-certain * ops.log(certain), axis=1)
