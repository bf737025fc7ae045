"""A fitted estimator of scikit-learn as the model, loaded without running code from the file unless told to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dnnsa.arrays import Array, OnHost, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models.answers import outputs_of
from dnnsa.models.base import Network, NetworkSettings, check_batch_size, no_layers, the_file
from dnnsa.settings import settings

SETTING = "model.path"
PICKLES = (".pkl", ".pickle", ".joblib")


@settings
class Sklearn(NetworkSettings):
    """A fitted estimator or pipeline in a .skops file: a method of it makes outputs of inputs (rows, features)."""

    kind: Literal["sklearn"] = "sklearn"
    path: str
    """The .skops file, relative to the study file; or a pickle, with `trust: true`."""
    method: Literal["predict", "predict_proba", "predict_log_proba", "decision_function", "transform"] = "predict"
    """What of the estimator is called."""
    trusted: tuple[str, ...] = ()
    """Types in the file that are loaded beside those that skops trusts, such as `my_package.MyTransformer`."""
    trust: bool = False
    """Whether a pickle (.pkl, .pickle, .joblib) may be loaded: whoever made it can run anything on your machines."""
    dtype: Literal["float32", "float64"] = "float64"
    """Of the inputs that the estimator is given; its outputs are made so too."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        suffix = Path(self.path).suffix.lower()
        if suffix in PICKLES and not self.trust:
            raise ValueError(
                f"`path` must be a .skops file, got `{self.path}` (a pickle runs what is in it): save the estimator "
                "with `skops.io.dump(estimator, 'name.skops')`, or say `trust: true` if you made the file yourself"
            )
        if suffix not in (*PICKLES, ".skops"):
            raise ValueError(
                f"`path` must be a .skops file, got `{self.path}`: save the estimator with "
                "`skops.io.dump(estimator, 'name.skops')`"
            )

    def files(self, directory: Path) -> Mapping[str, Path]:
        return {SETTING: the_file(SETTING, directory, self.path, "a .skops file")}

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Load the estimator, in the process that will call it.

        Raises
        ------
        ModelError
            The file is not the one the study was started with, holds types that are not trusted, is damaged, or holds
            something without the method; or layers are asked for. When it is called: it does not give numbers.
        """
        no_layers(SETTING, layers, self.kind)
        path = directory / self.path
        verify(SETTING, path, digests)
        estimator = _from_pickle(path) if path.suffix.lower() in PICKLES else _from_skops(path, self.trusted)
        method = getattr(estimator, self.method, None)
        if not callable(method):
            raise ModelError(
                f"model.method: {path} holds `{type(estimator).__name__}`, which has no `{self.method}`: use another "
                "method, or another estimator."
            )
        count = getattr(estimator, "n_features_in_", None)

        def predict(inputs: Array, values: Values) -> tuple[Array, ...]:
            outputs = method(np.array(inputs, self.dtype))  # a copy, which the estimator may write to
            return (outputs_of("model.method", f"`{self.method}`", outputs, len(inputs), self.dtype),)

        return Network(OnHost(predict), None if count is None else (int(count),), self.dtype)


def _from_skops(path: Path, trusted: tuple[str, ...]) -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise ModelError(f"{SETTING}: {path} needs skops: install dnnsa with its extra `sklearn`.") from error
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    except Exception as error:  # skops raises whatever the file makes it raise
        raise _damaged(path, error) from error
    if unknown:
        listed = ", ".join(f"`{name}`" for name in unknown)
        raise ModelError(
            f"{SETTING}: {path} holds types that skops does not trust, {listed}: name them in `model.trusted` if you "
            "know them, or fit an estimator without them."
        )
    try:
        return skops.io.load(path, trusted=list(trusted))
    except Exception as error:
        raise _damaged(path, error) from error


def _from_pickle(path: Path) -> Any:
    try:
        import joblib
    except ImportError as error:
        raise ModelError(f"{SETTING}: {path} needs joblib: install dnnsa with its extra `sklearn`.") from error
    try:
        return joblib.load(path)
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ModelError:
    told = " ".join(str(error).split())[:200]
    return ModelError(f"{SETTING}: {path} cannot be loaded ({type(error).__name__}: {told}): save the estimator again.")
