"""What a classifier says: the probability of a class, and how undecided it is."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from dnnsa.errors import ModelError
from dnnsa.quantities.base import Levels, Shape, Tensor
from dnnsa.settings import settings


@settings
class Probability:
    """Probability of one class."""

    needs_probabilities: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["probability"] = "probability"
    of: Literal["label"] | int
    """`label` for the class of each case, or the number of a class, counted from 0."""

    @property
    def needs_labels(self) -> bool:
        return self.of == "label"

    def check(self, shape: Shape) -> None:
        if isinstance(self.of, int) and not 0 <= self.of < shape[0]:
            raise ModelError(f"of: the network tells {shape[0]} classes apart, 0 to {shape[0] - 1}, got {self.of}.")

    def compute(self, outputs: Tensor, labels: Tensor | None) -> Tensor:
        from keras import ops

        if isinstance(self.of, int):
            return outputs[:, self.of]
        assert labels is not None  # it needs labels
        return ops.take_along_axis(outputs, labels[:, None], axis=1)[:, 0]


@settings
class Entropy:
    """Entropy of the predicted probabilities, nats: 0 when certain, log(classes) when every class is as likely."""

    needs_labels: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True
    dims: ClassVar[tuple[str, ...]] = ()
    coords: ClassVar[Mapping[str, Levels]] = {}

    kind: Literal["entropy"] = "entropy"

    def check(self, shape: Shape) -> None:
        """Any number of classes will do."""

    def compute(self, outputs: Tensor, labels: Tensor | None) -> Tensor:
        from keras import ops

        certain = ops.where(outputs == 0, ops.ones_like(outputs), outputs)  # 0 log 0 = 0 = 1 log 1
        return ops.sum(-certain * ops.log(certain), axis=1)
