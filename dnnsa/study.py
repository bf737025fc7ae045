"""A study: the value that says everything about a run, and how it is read from a file."""

import dataclasses
import hashlib
import json
import keyword
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from dnnsa import designs, estimators, factors, models, perturb, quantities, reading
from dnnsa.cases import Cases
from dnnsa.designs import Design
from dnnsa.designs.sequences import MOST_COLUMNS
from dnnsa.draws import Draws, columns, files_of, in_order, layout_of, load_draws
from dnnsa.errors import StudyError
from dnnsa.estimators import Estimator
from dnnsa.factors import Choice, Factor, holds
from dnnsa.files import Digests, digest
from dnnsa.layout import Layout
from dnnsa.models import Function, Keras, Model
from dnnsa.perturb import Perturbation
from dnnsa.quantities import Quantity

# Which kinds may stand where.
KINDS: reading.Kinds = {
    ("factors", "*"): factors.KINDS,
    ("design",): designs.KINDS,
    ("model",): models.KINDS,
    ("perturb", "*"): perturb.KINDS,
    ("quantities", "*"): quantities.KINDS,
    ("estimators", "*"): estimators.KINDS,
}

PARTS: dict[str, Any] = {
    "name": (str, Field(min_length=1, description="Name of the study, for tables and figures.")),
    "factors": (
        reading.mapping_of(factors.KINDS),
        Field(min_length=1, description="The uncertain factors, by name."),
    ),
    "design": (reading.one_of(designs.KINDS), Field(description="Which points are run.")),
    "model": (reading.one_of(models.KINDS), Field(description="What is run.")),
    "cases": (
        Cases | None,
        Field(default=None, description="The nominal inputs of a network, which `perturb` perturbs."),
    ),
    "perturb": (
        reading.list_of(perturb.KINDS),
        Field(default=(), description="What is done to each case, in this order."),
    ),
    "quantities": (
        reading.mapping_of(quantities.KINDS),
        Field(default_factory=dict, description="What is computed of a network's outputs, by name."),
    ),
    "estimators": (
        reading.list_of(estimators.KINDS),
        Field(
            default=(estimators.Sobol(), estimators.Moments()),
            min_length=1,
            description="What is estimated of each quantity.",
        ),
    ),
    "max_failed": (
        float,
        Field(default=0.01, ge=0, le=1, description="Share of base points that may be in quarantine before it stops."),
    ),
}
StudyFile: type[BaseModel] = create_model(
    "StudyFile",
    __config__=ConfigDict(extra="forbid", strict=True, frozen=True, title="dnnsa study", allow_inf_nan=False),
    **PARTS,
)
KEYS = {(): list(StudyFile.model_fields), ("cases",): [field.name for field in dataclasses.fields(Cases)]}

TAKEN = ("factor", "factor_2", "unit", "law", "levels")  # names of coordinates that every quantity has
RESERVED = "`factor`, `factor_2`, `quarantine`"  # names that the store gives to other things


@dataclass(frozen=True, init=False)
class Study:
    """What is asked, of which model, under which laws, with how many runs.

    A value: it can be compared, pickled and written down, and two equal studies have equal results.

    Parameters
    ----------
    directory
        Where relative paths start and the module of a function is looked for first; the study file's folder.
    parts
        The keys of a study file, as values of YAML (text, numbers, lists, mappings) or as the classes of dnnsa.

    Raises
    ------
    StudyError
        With every problem at once, each named by its path.

    Examples
    --------
    >>> study = Study(
    ...     name="line",
    ...     factors={"x": {"kind": "uniform", "low": 0, "high": 1}, "y": {"kind": "normal", "mean": 0, "sd": 1}},
    ...     design={"kind": "saltelli", "base_points": 64},
    ...     model={"kind": "function", "call": "line:f"},
    ... )
    >>> study.design.replicates
    4
    """

    name: str
    factors: Mapping[str, Factor]
    design: Design
    model: Model
    cases: Cases | None
    perturb: tuple[Perturbation, ...]
    quantities: Mapping[str, Quantity]
    estimators: tuple[Estimator, ...]
    max_failed: float
    directory: Path
    document: Mapping[str, Any]
    """The study as values of YAML, defaults written out: ``Study(**document)`` is the study again."""

    def __init__(self, *, directory: str | Path = ".", source: str = "", **parts: Any) -> None:
        self._read(parts, directory, source)

    def _read(self, parts: Mapping[str, Any], directory: str | Path, source: str) -> None:
        file = reading.check(parts, TypeAdapter(StudyFile), KINDS, KEYS, StudyError, source)
        for part in StudyFile.model_fields:
            object.__setattr__(self, part, getattr(file, part))
        object.__setattr__(self, "directory", Path(directory).resolve())
        object.__setattr__(self, "document", file.model_dump(mode="json"))
        problems = [*_of_names(self), *_of_laws(self), *_of_model(self)]
        problems += _of_estimators(self) if not problems else ()  # they are asked what they make of the factors
        problems += _of_dims(self) if not problems else ()
        if problems:
            raise StudyError(problems, source)

    @classmethod
    def from_yaml(cls, path: str | Path) -> "Study":
        """Read a study file; the study's paths are relative to its folder."""
        path = Path(path)
        study = cls.__new__(cls)  # keys of a file are not keywords: `directory` is an unknown key there
        study._read(reading.read_file(path, StudyError), path.parent, str(path))
        return study

    def to_yaml(self) -> str:
        """The study as the text of a study file."""
        return reading.write(self.document)

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file that the results depend on, by the setting that names it.

        Raises
        ------
        ModelError
            A file is missing.
        """
        files = dict(self.model.files(self.directory)) | (dict(self.cases.files(self.directory)) if self.cases else {})
        files |= files_of(self.design, self.factors, self.directory)
        return {setting: digest(path) for setting, path in files.items()}

    def draws(self, digests: Digests | None = None) -> Draws:
        """What every run is given, the files of the design and the laws having been read.

        Parameters
        ----------
        digests
            What `digests` said when the study began; what it says now unless given.

        Raises
        ------
        ModelError
            A file is missing, damaged or another one.
        """
        return load_draws(self.design, self.factors, self.directory, self.digests() if digests is None else digests)

    @property
    def layout(self) -> Layout:
        """The runs of a base point."""
        return layout_of(self.design, self.factors)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the results are a function of, the files' contents apart: not the name or `max_failed`.

        The order of the factors counts: it is the order of the columns of the design.
        """
        decisive = {key: part for key, part in self.document.items() if key not in ("name", "max_failed")}
        ordered = {**decisive, "factors": list(self.document["factors"].items())}
        return hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()


def schema() -> dict[str, Any]:
    """JSON Schema of a study file, for editors."""
    return StudyFile.model_json_schema()


def _of_names(study: Study) -> Iterator[str]:
    if Path(study.name).name != study.name or not study.name.isprintable():
        yield f"name: it names files: printable text without `/`, got {study.name!r}."
    a_factor = {"saltelli": 2, "sample": 1}.get(study.design.kind, 0)  # columns of the sequence
    if getattr(study.design, "sequence", "") == "sobol" and a_factor * len(study.factors) > MOST_COLUMNS:
        most = MOST_COLUMNS // a_factor
        yield f"factors: a Sobol' sequence serves at most {most}, got {len(study.factors)}: use another `sequence`."
    for name in study.factors:
        if not name.isidentifier() or keyword.iskeyword(name) or f"`{name}`" in RESERVED:
            yield f"factors.{name}: a factor's name must be a Python name, such as `noise_sd`, none of {RESERVED}."
    for name in study.quantities:
        if not name.isidentifier() or f"`{name}`" in RESERVED:
            yield f"quantities.{name}: a quantity's name must be a Python name, such as `p_true`, none of {RESERVED}."


def _of_laws(study: Study) -> Iterator[str]:
    for label, members in columns(study.factors).items():
        if not label.isidentifier() or keyword.iskeyword(label) or f"`{label}`" in RESERVED:
            yield f"factors.{members[0]}.group: must be a Python name, none of {RESERVED}, got {label!r}."
        elif label in study.factors and members != [label] and study.factors[label].group != label:
            yield f"factors.{members[-1]}.group: `{label}` is the name of a factor: call the group otherwise."
    for name, law in study.factors.items():
        for other, condition in (law.when or {}).items():
            where = f"factors.{name}.when.{other}"
            if other not in study.factors:
                yield f"{where}: no factor `{other}`{reading.nearest(other, [f for f in study.factors if f != name])}"
            elif isinstance(parent := study.factors[other], Choice) and not holds(condition, parent.array()).any():
                yield f"{where}: must be one of its values, {list(parent.values)}, or the factor is never active."
    if not any(other not in study.factors for law in study.factors.values() for other in law.when or {}):
        try:
            in_order(study.factors)
        except ValueError as error:
            yield f"factors: {error}: a factor may be active only under conditions on others."


def _of_dims(study: Study) -> Iterator[str]:
    results = [e.finalize([e.init(study.layout, ())], study.layout, 0.0) for e in study.estimators]
    taken = {*TAKEN, *(name for done in results for name in (*done.maps, *done.coords))}
    given = {f"quantities.{name}.dims": quantity.dims or () for name, quantity in study.quantities.items()}
    if isinstance(study.model, Function):
        given |= {f"model.dims.{name}": dims for name, dims in study.model.dims.items()}
    for setting, dims in given.items():
        for dim in dims:
            if not dim.isidentifier():
                yield f"{setting}: a dimension's name must be a Python name, such as `time`, got `{dim}`."
            if dim in taken:
                yield f"{setting}: `{dim}` is the name of something else in the store: call the dimension otherwise."
            if dims.count(dim) > 1:
                yield f"{setting}: `{dim}` stands there {dims.count(dim)} times: dimensions have different names."


def _of_model(study: Study) -> Iterator[str]:
    if isinstance(study.model, Keras):
        yield from _of_network(study, study.model)
        return
    for key in ("cases", "perturb", "quantities"):
        if getattr(study, key):
            yield f"{key}: is for networks (`model.kind: keras`); a function names its quantities itself."


def _of_network(study: Study, model: Keras) -> Iterator[str]:
    if not study.quantities:
        yield "quantities: at least one is needed for a network, such as `y: {kind: output}`."
    if (study.cases is None) == (model.inputs is None):
        yield (
            "model.inputs: give either `cases` (nominal inputs that factors perturb) or `model.inputs` (the factors "
            "that are the network's input), not both and not none."
        )
    if model.inputs and study.perturb:
        yield "perturb: needs `cases`; with `model.inputs` the factors are the network's input."
    used = Counter(model.inputs or ())
    for name, times in used.items():
        if times > 1:
            yield f"model.inputs: `{name}` stands there {times} times: a factor can be one column only."
    where = dict.fromkeys(used, "model.inputs")
    for number, step in enumerate(study.perturb):
        where |= dict.fromkeys(step.factors, f"perturb[{number}]")
    for name, setting in where.items():
        if name not in study.factors:
            yield f"{setting}: no factor `{name}`{reading.nearest(name, study.factors)}"
    for name in study.factors:
        if name not in where:
            yield f"factors.{name}: is used by nothing: name it in `perturb` or in `model.inputs`, or leave it out."


def _of_estimators(study: Study) -> Iterator[str]:
    for number, estimator in enumerate(study.estimators):
        try:
            estimator.init(study.layout, ())
        except ValueError as error:
            yield f"estimators[{number}]: {error}."
        for name in estimator.of or ():
            if study.quantities and name not in study.quantities:
                yield f"estimators[{number}].of: no quantity `{name}`{reading.nearest(name, study.quantities)}"
    yield from _of_repeated(study)
    levels = sorted({estimator.level for estimator in study.estimators if hasattr(estimator, "level")})
    if len(levels) > 1:
        yield f"estimators: all intervals have one `level`, got {', '.join(f'{level:g}' for level in levels)}."


def _of_repeated(study: Study) -> Iterator[str]:
    """The same kind twice for a quantity would write the same maps twice; pairs of quantities may repeat."""
    seen: Counter[tuple[str, str, tuple[str, ...]]] = Counter(
        (estimator.kind, quantity, estimator.beside)
        for estimator in study.estimators
        for quantity in dict.fromkeys(estimator.of or ("",))
    )
    everywhere = {kind for kind, quantity, _ in seen if not quantity}
    for (kind, quantity, _), times in seen.items():
        if times > 1 or (quantity and kind in everywhere):
            where = f" for `{quantity}`" if quantity else ""
            yield f"estimators: `{kind}` stands there {max(times, 2)} times{where}: once is enough."
