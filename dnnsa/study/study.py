"""The study: the value that says everything about a run, and how it is read from a file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from dnnsa import reading
from dnnsa.cases import Cases
from dnnsa.designs import Design
from dnnsa.draws import Draws, files_of, layout_of, load_draws
from dnnsa.errors import StudyError, under
from dnnsa.estimators import Estimator
from dnnsa.factors import Factor, apart
from dnnsa.files import CallsFunctions, Digests, ReadsFiles, digest
from dnnsa.layout import Layout
from dnnsa.models import Model
from dnnsa.perturb import Perturbation
from dnnsa.quantities import Quantity
from dnnsa.stopping import Stop
from dnnsa.study.checks import problems
from dnnsa.study.parts import KEYS, KINDS, StudyFile
from dnnsa.weights import WeightPerturbation

UNDECISIVE = ("name", "max_failed", "time_limit", "stop")  # keys that results are no function of


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
    weights: tuple[WeightPerturbation, ...]
    quantities: Mapping[str, Quantity]
    estimators: tuple[Estimator, ...]
    max_failed: float
    granularity: Literal["block", "run"]
    time_limit: float | None
    stop: Stop | None
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
        try:
            object.__setattr__(self, "factors", apart(file.factors))  # type: ignore[attr-defined]
        except ValueError as error:
            raise StudyError([f"{error}."], source) from error
        document = file.model_copy(update={"factors": self.factors}).model_dump(mode="json")
        object.__setattr__(self, "document", document)
        if found := problems(self):
            raise StudyError(found, source)

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
        """SHA-256 of every file that the results depend on, and of data that a function returns, by setting.

        Raises
        ------
        ModelError
            A file is missing, or the function does not return what it should.
        """
        files = dict(self.model.files(self.directory)) | (dict(self.cases.files(self.directory)) if self.cases else {})
        files |= files_of(self.design, self.factors, self.directory)
        for where, part in self.parts():
            if isinstance(part, ReadsFiles):
                with under(where):
                    files |= {f"{where}.{setting}": path for setting, path in part.files(self.directory).items()}
        digests = {setting: digest(path) for setting, path in files.items()}
        if isinstance(self.model, CallsFunctions):
            digests |= self.model.returned(self.directory, digests)
        return digests

    def parts(self) -> Iterator[tuple[str, object]]:
        """What is done to inputs and weights and what is computed of outputs, each with its path in the file."""
        for room in ("perturb", "weights"):
            yield from ((f"{room}[{number}]", part) for number, part in enumerate(getattr(self, room)))
        yield from ((f"quantities.{name}", quantity) for name, quantity in self.quantities.items())

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

    def at(self, base_points: int) -> "Study":
        """The study of so many base points, which does not stop before or after."""
        document = {**self.document, "design": {**self.document["design"], "base_points": base_points}, "stop": None}
        return Study(directory=self.directory, **document)

    @property
    def layout(self) -> Layout:
        """The runs of a base point."""
        return layout_of(self.design, self.factors)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the results are a function of, the files' contents apart.

        The name is not in it, nor what says when to give up: `max_failed`, `time_limit` and `stop`.

        The order of the factors counts: it is the order of the columns of the design.
        """
        decisive = {key: part for key, part in self.document.items() if key not in UNDECISIVE}
        ordered = {**decisive, "factors": list(self.document["factors"].items())}
        return hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()


def schema() -> dict[str, Any]:
    """JSON Schema of a study file, for editors."""
    return StudyFile.model_json_schema()
