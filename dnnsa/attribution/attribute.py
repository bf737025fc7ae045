"""Maps of what in an image a classifier looks at, in the call that users of Xplique and Captum know."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from distributed import Client
from numpy.typing import ArrayLike

from dnnsa import api
from dnnsa.arrays import Array
from dnnsa.attribution.pixels import pixel_maps
from dnnsa.cluster import Cluster, Inside
from dnnsa.engine import Reporter
from dnnsa.engine.network import nominal_outputs
from dnnsa.errors import InputError
from dnnsa.files import digest
from dnnsa.models import InputModel, Keras, Onnx
from dnnsa.models.base import Network
from dnnsa.perturb import Mask
from dnnsa.quantities import Logit, Quantity
from dnnsa.study import Study

NAME, SCORE, CELL = "attribution", "score", "cell"
IMAGES = "images.npz"
STORE = f"{NAME}.zarr"
Outputs = Literal["logits", "probabilities"]
OF_SUFFIX: dict[str, Any] = {".keras": Keras, ".onnx": Onnx}


def attribute(
    model: Any,
    images: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    grid: int | tuple[int, int] = 8,
    segments: ArrayLike | None = None,
    fill: float | Literal["mean", "blur", "noise"] = 0.0,
    sd: float | None = None,
    baseline: ArrayLike | None = None,
    quantity: Quantity | Mapping[str, Any] | None = None,
    outputs: Outputs | None = None,
    base_points: int = 128,
    replicates: int = 4,
    seed: int = 0,
    batch_size: int = 1024,
    folder: str | Path | None = None,
    client: Client | None = None,
    cluster: Cluster | str | Path | None = None,
    reporter: Reporter | None = None,
) -> xr.Dataset:
    """Sobol' indices of the cells of images: what in each image drives the score of its class, and how sure we are.

    Every cell is kept to a share between 0 and 1, all shares equally likely, and what is not kept is replaced. The
    total index ST of a cell is the share of the score's variance that would be left if all other cells were known; the
    first-order index S1 that which goes if this cell is. It costs ``base_points * (cells + 2)`` passes an image.

    Parameters
    ----------
    model
        A network of Keras, a ``.keras`` file, or a recipe of ``dnnsa.models``.
    images
        As the network takes them, shape ``(n, height, width, channels)``.
    targets
        The class of each image, ``(n,)`` integers or ``(n, classes)`` one-hot; what the network predicts unless given.
    grid
        Rows and columns of equal cells, or one number for both.
    segments
        Instead of a grid: integers, the cell of each pixel, ``(height, width)`` or ``(n, height, width)``, such as
        `dnnsa.superpixels` makes.
    fill, sd, baseline
        What replaces a cell, as in ``kind: mask`` of a study file: a number in units of the images, ``mean``, ``blur``
        of ``sd`` pixels, ``noise`` of ``sd`` units; or another image, ``(height, width, channels)`` or ``(n, ...)``.
    quantity
        What is explained, as in a study file's ``quantities``; what the network gives for the target unless given.
    outputs
        What the network gives. To be said where the quantity needs probabilities; a softmax makes them of ``logits``.
    base_points, replicates, seed
        Of the design; see ``saltelli`` in a study file.
    batch_size
        Images that go through the network at once.
    folder
        Where the study, its files and its store are kept, for ``dnnsa run`` and ``dnnsa plot``; new or empty. Nothing
        is kept unless given.
    client, cluster, reporter
        As of `dnnsa.run`; a worker in this process unless one of the first two is given.

    Returns
    -------
    xarray.Dataset
        ``S1`` and ``ST (image, y, x)``, constant in a cell, with ``S1_lower``, ``S1_upper``, ``ST_lower`` and
        ``ST_upper``; ``cell (image, y, x)``, its number; ``mean`` and ``variance (image,)`` of the score and ``status
        (image,)``; the coordinate ``label (image,)``, the class. ``maps["ST"].values[..., None]`` is what Xplique calls
        explanations.

    Raises
    ------
    InputError
        The images, targets or settings do not fit together, or the network cannot be loaded from a file.
    RunError, TooManyFailures, Interrupted
        As of `dnnsa.run`.

    Notes
    -----
    T. Fel et al., "Look at the variance! Efficient black-box explanations with Sobol-based sensitivity analysis",
    NeurIPS 2021, with scrambled points, control variates, the first order too, and intervals from independent
    replicates.
    """
    given = _images(images)
    asked: Any = Logit(of="label") if quantity is None else quantity
    arrays = {"inputs": given, "segments": segments, "baseline": baseline}
    mask = _mask(grid, segments, fill, sd, baseline)
    with _place(folder) as place:
        recipe = _recipe(model, place, outputs, asked, batch_size)
        arrays["labels"] = _predicted(recipe, place, given) if targets is None else _classes(targets, len(given))
        held: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
        np.savez(place / IMAGES, **held)
        study = Study(
            directory=place,
            name=NAME,
            factors={CELL: {"kind": "uniform", "low": 0.0, "high": 1.0, "count": _cells(mask.grid, segments)}},
            design={"kind": "saltelli", "base_points": base_points, "replicates": replicates, "seed": seed},
            model=recipe,
            cases={"path": IMAGES, "labels": "labels"},
            perturb=[mask],
            quantities={SCORE: asked},
            estimators=[{"kind": "sobol", "control": "linear"}, {"kind": "moments"}],
        )
        (place / f"{NAME}.yaml").write_text(study.to_yaml(), encoding="utf-8")
        where = cluster if client or cluster else Inside()
        api.run(study, client, place / STORE, cluster=where, reporter=reporter)
        return pixel_maps(place / STORE).load()


def _images(images: ArrayLike) -> Array:
    given = np.asarray(images)
    if given.ndim != 4 or given.dtype.kind not in "fiu" or not len(given):
        raise InputError(
            f"images: must be numbers of shape (n, height, width, channels), got {given.dtype} of shape {given.shape}: "
            "a single image is `image[None]`."
        )
    return given


def _classes(targets: ArrayLike, images: int) -> Array:
    """The class of each image, (n,)."""
    given = np.asarray(targets)
    if len(given) != images or given.ndim not in (1, 2):
        raise InputError(
            f"targets: must be {images} classes, shape ({images},), or as many rows of 0 and one 1, got shape "
            f"{given.shape}."
        )
    if given.ndim == 1:
        if given.dtype.kind not in "iu":
            raise InputError(f"targets: classes must be integers counted from 0, got {given.dtype}.")
        return given
    if not (((given == 0) | (given == 1)).all() and (given.sum(axis=1) == 1).all()):
        raise InputError("targets: rows must be one-hot, 0 but for a single 1: a class is explained, not a mixture.")
    return np.asarray(given.argmax(axis=1))


def _predicted(recipe: Any, place: Path, images: Array) -> Array:
    """The class that the network gives each image as it is, (n,)."""
    network = loaded(recipe, place)
    outputs = nominal_outputs(network, images.astype(network.dtype), recipe.batch_size)
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise InputError(f"model: must give scores of two classes or more, got outputs of shape {outputs.shape[1:]}.")
    return np.asarray(outputs.argmax(axis=1))


def loaded(recipe: InputModel, place: Path) -> Network:
    """The network of a recipe whose paths begin in a folder, in this process."""
    return recipe.load(place, {setting: digest(path) for setting, path in recipe.files(place).items()}, ())


def _cells(grid: tuple[int, int] | None, segments: ArrayLike | None) -> int:
    """How many cells there are; segments that cannot be are refused by the mask."""
    return grid[0] * grid[1] if grid is not None else max(1, int(np.max(np.asarray(segments))) + 1)


def _mask(
    grid: int | tuple[int, int],
    segments: ArrayLike | None,
    fill: float | Literal["mean", "blur", "noise"],
    sd: float | None,
    baseline: ArrayLike | None,
) -> Mask:
    square = (grid, grid) if isinstance(grid, int) else (int(grid[0]), int(grid[1]))
    try:
        return Mask(
            cells=CELL,
            grid=None if segments is not None else square,
            segments=None if segments is None else "segments",
            fill=fill,
            sd=sd,
            baseline=None if baseline is None else "baseline",
        )
    except ValueError as error:
        raise InputError(f"{error}.") from error


@contextmanager
def _place(folder: str | Path | None) -> Iterator[Path]:
    """The folder of the study; one that is deleted afterwards unless given."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="dnnsa-") as made:
            yield Path(made)
        return
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"folder: {path} is there and not empty: give a new one. If a study of attribution is in it, "
            f"`dnnsa run {path / (NAME + '.yaml')}` goes on with it."
        )
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    except InputError:  # nothing was run
        shutil.rmtree(path)
        raise


def _recipe(model: Any, place: Path, outputs: Outputs | None, quantity: Any, batch_size: int) -> Any:
    """The model as a study has it, whose files are where it says."""
    needs: frozenset[str] = getattr(quantity, "needs", frozenset({"probabilities"}))
    if outputs is None and "probabilities" in needs:
        raise InputError("outputs: say whether the network gives `logits` or `probabilities`: the quantity needs them.")
    said: dict[str, Any] = {"outputs": outputs or "logits", "batch_size": batch_size}
    if isinstance(model, str | Path):
        return replace(of_file(model), **said)
    if hasattr(model, "load") and hasattr(model, "kind"):
        return replace(model, path=str(Path(model.path).resolve()), **said)
    if not hasattr(model, "save"):
        raise InputError(
            f"model: must be a network of Keras, the path of a .keras file or a recipe of `dnnsa.models`, got "
            f"{type(model).__name__}."
        )
    model.save(place / "model.keras")
    return Keras(path="model.keras", **said)


def of_file(path: str | Path) -> Any:
    """The recipe of a network's file, by its suffix.

    Raises
    ------
    InputError
        There are no networks in files of that suffix, or none that can be loaded safely.
    """
    try:
        return OF_SUFFIX.get(Path(path).suffix.lower(), Keras)(path=str(Path(path).resolve()))
    except ValueError as error:
        raise InputError(f"model: {error}.") from error
