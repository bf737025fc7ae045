"""What a model is to a study: a recipe of a few strings, turned in each worker into a function of the factors."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from dnnsa.files import Digests, digest, verify

__all__ = ["Array", "Coords", "Digests", "Evaluator", "Model", "Outputs", "Values", "digest", "verify"]

Array = NDArray[Any]
Values = Mapping[str, Array]  # factor -> its values, (n,), one for each run
Outputs = Mapping[str, Array]  # quantity -> (n, *shape)
Coords = Mapping[str, tuple[tuple[str, ...], Array]]  # coordinate -> its dimensions and its values


class Evaluator(NamedTuple):
    """A model that has been loaded, with all that stands between the factors and the quantities."""

    run: Callable[[Values], Outputs]
    dims: Mapping[str, tuple[str, ...]]
    """Names of the dimensions of a quantity, without the runs'; a quantity that is missing here has none given."""
    coords: Coords


class Model(Protocol):
    """A recipe: small, frozen and picklable. The heavy package is imported in ``load``, never before."""

    @property
    def kind(self) -> str: ...

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The files whose content the results depend on, by the setting that names them.

        Raises
        ------
        ModelError
            A file is missing, or a name cannot be found. The model is not loaded to find out.
        """
        ...
