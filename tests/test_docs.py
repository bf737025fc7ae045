"""The pages under docs are true: their examples are read, and no kind, key, default, variable or flag is missing."""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import pytest

import dnnsa
from dnnsa import cluster, designs, estimators, factors, models, perturb, quantities, weights
from dnnsa.cases import Cases
from dnnsa.cluster import read_profile
from dnnsa.draws import layout_of
from dnnsa.errors import DnnsaError
from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.hsic import Goal
from dnnsa.factors import Range, Uniform
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart
from dnnsa.reading import plain, read_text
from dnnsa.stopping import Stop
from dnnsa.study import PARTS, TAKEN, StudyFile

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "study-file.md"
CLUSTERS = ROOT / "docs" / "clusters.md"
STATISTICS = ROOT / "docs" / "estimators.md"
INTEROP = ROOT / "docs" / "interop.md"
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PROFILE = "cluster profile"
HERE, BATCH = "This machine, and schedulers that run already", "Batch systems"  # of docs/clusters.md

# The heading under which a room's kinds stand, and the kinds.
ROOMS: dict[str, Mapping[str, type[Any]]] = {
    "`factors`": factors.KINDS,
    "`design`": designs.KINDS,
    "`model`": models.KINDS,
    "`perturb`": perturb.KINDS,
    "`weights`": weights.KINDS,
    "`quantities`": quantities.KINDS,
    "`estimators`": estimators.KINDS,
    HERE: {kind: of for kind, of in cluster.KINDS.items() if kind in ("local", "address")},
    BATCH: {kind: of for kind, of in cluster.KINDS.items() if kind not in ("local", "address")},
}
SETTINGS = [(room, kind, of) for room, kinds in ROOMS.items() for kind, of in kinds.items()]
every_kind = pytest.mark.parametrize(("room", "kind", "of"), SETTINGS, ids=[f"{room}-{k}" for room, k, _ in SETTINGS])

LAWS = {"x1": Uniform(low=0, high=1), "x2": Uniform(low=0, high=1)}
# Settings and runs for which an estimator writes all that it ever writes; a sample and defaults unless given.
GIVEN: dict[str, dict[str, Any]] = {
    "dgsm": {"quantity": "y", "gradient": "OTHER"},
    "active_subspace": {"quantity": "y", "gradient": "OTHER"},
    "hsic": {"goal": Goal()},
    "exceedance": {"thresholds": (0.5,)},
    "covariance": {"quantity": "y", "other": "OTHER"},
}
RUNS = {
    "sobol": Layout(PICK_FREEZE, apart(2), second_order=True),
    "morris": Layout(TRAJECTORY, apart(2)),
}
SAMPLES = Layout(SAMPLE, apart(2), laws=tuple(LAWS.values()))


class Example(NamedTuple):
    """A fenced block of YAML and the keys that it is a fragment of, none for a complete study."""

    where: str
    fragment: str | None
    text: str


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def examples(path: Path) -> Iterator[Example]:
    text = read(path)
    for found in re.finditer(r"(?:^<!-- fragment: (.+?) -->\n)?^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Example(f"{path.name}:{line}", found[1], found[2])


EXAMPLES = [example for path in PAGES for example in examples(path)]
STUDIES = [example for example in EXAMPLES if example.fragment is None]
FRAGMENTS = [example for example in EXAMPLES if example.fragment is not None]
NETWORK: dict[str, Any] = {
    "model": {"kind": "keras", "path": "net.keras", "outputs": "probabilities"},
    "cases": {"path": "cases.npz", "labels": "labels"},
    "perturb": [{"kind": "brightness", "delta": "x"}],
    "quantities": {"y": {"kind": "output"}},
}


def around(fragment: dict[str, Any]) -> dict[str, Any]:
    """The keys of a complete study that a fragment stands in, with a factor for each name that it uses."""
    model = fragment.get("model", {})
    of_inputs = models.KINDS.get(model.get("kind")) in models.OF_INPUTS
    network = of_inputs or not fragment.keys().isdisjoint({"cases", "perturb", "weights", "quantities"})
    rest: dict[str, Any] = NETWORK if network else {"model": {"kind": "function", "call": "model:f"}}
    if model.get("inputs"):
        rest = {"quantities": NETWORK["quantities"]}
    parts = {**rest, **fragment}
    steps = [
        perturb.KINDS[step["kind"]](**{k: v for k, v in step.items() if k != "kind"})
        for step in parts.get("perturb", ())
    ]
    names = model.get("inputs") or dict.fromkeys(name for step in steps for name in step.factors) or ["x"]
    return {
        "name": "example",
        "factors": {name: {"kind": "uniform", "low": 0, "high": 1} for name in names},
        "design": {"kind": "saltelli", "base_points": 64},
        **parts,
    }


def sections(text: str, level: int) -> dict[str, str]:
    """Text under each heading of a level, down to the next one of that level; what comes first is under ''."""
    heading, *pieces = re.split(rf"^#{{{level}}} (.+)\n", f"\n{text}", flags=re.MULTILINE)
    return {"": heading} | dict(zip(pieces[::2], pieces[1::2], strict=True))


def rows(text: str) -> dict[str, Any]:
    """The tables of keys in a text: the default of each key, as a value of YAML."""
    found = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| `?([^|]+?)`? \| [^|]+ \|$", text, re.MULTILINE)
    assert len({key for key, _ in found}) == len(found), "a key stands there twice"
    return {key: read_text(value) for key, value in found}


def room_sections(room: str) -> dict[str, str]:
    return sections(sections(read(CLUSTERS if room in (HERE, BATCH) else REFERENCE), 2)[room], 3)


def default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return plain(field.default_factory())
    return "required" if field.default is MISSING else plain(field.default)


def keys(of: type[Any]) -> dict[str, Any]:
    """The keys of a settings class but for `kind`, each with its default as a value of YAML; of settings in it too."""
    found = {field.name: default(field) for field in fields(of) if field.name != "kind"}
    hints = get_type_hints(of)
    inner = {(name, part) for name in found for part in get_args(hints[name]) if is_dataclass(part)}
    return found | {f"{name}.{key}": value for name, part in inner for key, value in keys(part).items()}


def documented(room: str, kind: str) -> dict[str, Any]:
    """The keys that the reference gives a kind, those of all kinds of its room with them."""
    parts = room_sections(room)
    return rows(parts[""] + parts[f"`{kind}`"])


def test_there_are_complete_studies_and_fragments_of_every_key():
    assert len(STUDIES) >= 3
    named = {key for example in FRAGMENTS for key in str(example.fragment).split(", ")}
    assert named == set(PARTS) - {"name"} | {PROFILE}


@pytest.mark.parametrize("example", STUDIES, ids=lambda example: example.where)
def test_a_complete_study_is_read(example, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(example.text, encoding="utf-8")
    assert dnnsa.Study.from_yaml(path).name


@pytest.mark.parametrize("example", FRAGMENTS, ids=lambda example: example.where)
def test_a_fragment_is_read_in_a_study(example, tmp_path):
    if example.fragment == PROFILE:
        (tmp_path / "profile.yaml").write_text(example.text, encoding="utf-8")
        assert read_profile(tmp_path / "profile.yaml")
        return
    parts = read_text(example.text)
    assert list(parts) == example.fragment.split(", ")
    assert dnnsa.Study(**around(parts))


def test_an_example_that_does_not_hold_is_seen():
    with pytest.raises(DnnsaError, match="no kind `rotate`"):
        dnnsa.Study(**{**around({"perturb": []}), "perturb": [{"kind": "rotate", "angle": "x"}]})


@pytest.mark.parametrize("room", ROOMS)
def test_the_reference_has_the_kinds_that_there_are(room):
    named = [heading.strip("`") for heading in room_sections(room) if heading.startswith("`")]
    assert sorted(named) == sorted(ROOMS[room])


@every_kind
def test_the_reference_has_every_key_of_a_kind_and_its_default(room, kind, of):
    assert documented(room, kind) == keys(of)


@every_kind
def test_every_kind_has_an_example(room, kind, of):
    section = room_sections(room)[f"`{kind}`"]
    assert f"kind: {kind}" in "".join(re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))


def test_the_reference_has_every_key_of_a_range():
    assert rows(room_sections("`factors`")["Conditions"]) == keys(Range)


@pytest.mark.parametrize(("section", "of"), [("cases", Cases), ("stop", Stop)])
def test_the_reference_has_every_key_of_what_a_study_has_once(section, of):
    assert rows(sections(read(REFERENCE), 2)[f"`{section}`"]) == keys(of)


def test_the_reference_has_every_key_of_a_study_and_its_default():
    told = rows(sections(read(REFERENCE), 2)["Keys of a study"])
    given = {key: value for key, value in told.items() if value != "required"}
    assert list(told) == list(StudyFile.model_fields)
    assert told.keys() - given.keys() == {name for name, field in StudyFile.model_fields.items() if field.is_required()}
    parts = around({})
    assert dnnsa.Study(**parts, **given) == dnnsa.Study(**parts)


def instance(kind: str) -> Any:
    return estimators.KINDS[kind](**GIVEN.get(kind, {}))


def finished(kind: str) -> Any:
    """What an estimator says of no base point, in one cell."""
    estimator, layout = instance(kind), RUNS.get(kind, SAMPLES)
    return estimator.finalize([estimator.init(layout, ())], layout, 0.0)


def store() -> str:
    return sections(read(REFERENCE), 2)["What the store holds"]


def variables() -> dict[str, dict[str, tuple[str, ...]]]:
    """The variables of the table, by estimator: name and dimensions; those of all estimators are under 'any'."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for names, dims, kind in re.findall(r"^\| ((?:`\w+` ?)+) \| (.+?) \| `?(\w+)`? \| .+ \|$", store(), re.MULTILINE):
        for name in re.findall(r"\w+", names):
            assert name not in found.setdefault(kind, {}), name
            found[kind][name] = tuple(dims.replace("\\", "").split(", "))
    return found


@pytest.mark.parametrize("kind", estimators.KINDS)
def test_the_reference_has_the_variables_that_an_estimator_writes_and_no_others(kind):
    done = finished(kind)
    written = {name: (*map_.leading, "*dims") for name, map_ in done.maps.items() if name not in ("n", "status")}
    for name, ratio in done.ratios.items():
        written |= {f"{name}_aggregated{bound}": ratio.leading for bound in ("", "_lower", "_upper")}
    assert variables()[kind] == written


def test_the_reference_says_what_estimators_have_in_common():
    told = variables()
    assert set(told) == {"any", *estimators.KINDS}
    assert told["any"] == {"n": ("*dims",), "status": ("*dims",)}
    assert {kind for kind in estimators.KINDS if "n" not in finished(kind).maps} == {
        "covariance",
        "dgsm",
        "active_subspace",
    }
    assert all("status" in finished(kind).maps for kind in estimators.KINDS)


def test_the_reference_has_every_coordinate_of_the_store():
    rows = re.findall(r"^\| ((?:`\w+` ?)+) \| ([\w, ]+) \| [^|]+ \|$", store(), re.MULTILINE)
    told = [(name, dim) for names, dim in rows for name in re.findall(r"\w+", names)]
    own = {name for kind in estimators.KINDS for name in finished(kind).coords}
    assert {name for name, dim in told if not dim.isdigit()} == {*TAKEN, *own}


def test_the_reference_has_every_flag_of_status():
    told = re.findall(r"^\| `(\w+)` \| (\d+) \|", store(), re.MULTILINE)
    assert dict(told) == {name: str(flag) for name, flag in FLAGS.items()}


def drawn(design: str) -> list[Any]:
    """The designs of a kind, with points that are independent of each other."""
    if design == "external":
        return [designs.External(path="t.csv", pattern=p, replicates=2) for p in (PICK_FREEZE, SAMPLE)]
    random = {} if design == "morris" else {"sequence": "monte_carlo"}
    return [designs.KINDS[design](base_points=64, **random)]


def takes(kind: str, design: Any) -> bool:
    try:
        instance(kind).init(layout_of(design, LAWS), ())
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", estimators.KINDS)
def test_the_reference_says_which_designs_an_estimator_can_be_computed_from(kind):
    (told,) = re.findall(rf"^\| `{kind}` \| [^|]+ \| ([^|]+) \|$", room_sections("`estimators`")[""], re.MULTILINE)
    able = [design for design in designs.KINDS if any(takes(kind, one) for one in drawn(design))]
    assert re.findall(r"`(\w+)`", told) == able


# What estimators.md says.


def test_the_statistics_page_has_a_section_for_every_estimator():
    named = [heading.strip("`") for heading in sections(read(STATISTICS), 2) if heading.startswith("`")]
    assert named == list(estimators.KINDS)


def test_the_statistics_page_has_every_form_of_the_indices():
    (told,) = (get_type_hints(estimators.Sobol)["estimator"],)
    section = sections(read(STATISTICS), 2)["`sobol`"]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)[1:] == list(get_args(told))


def numbers(formula: str, **sizes: int) -> int:
    """A formula of the page, in which letters side by side are multiplied."""
    spelt = re.sub(r"(?<=[\w)])(?=[a-z(])", "*", formula.replace("^", "**"))
    return int(eval(spelt, {"__builtins__": {}}, sizes))


@pytest.mark.parametrize("kind", estimators.KINDS)
@pytest.mark.parametrize("second_order", [False, True])
def test_the_statistics_page_says_what_a_state_holds(kind, second_order):
    page = sections(read(STATISTICS), 3)["What a state costs"]
    (told,) = re.findall(rf"^\| `{kind}` \| (.+) \|$", page, re.MULTILINE)
    formulas = re.findall(r"`(.+?)`", told)
    estimator, cells, groups = instance(kind), 10_000, apart(3)
    laws = (Uniform(low=0, high=1),) * 3
    pattern = TRAJECTORY if kind == "morris" else PICK_FREEZE
    layout = Layout(pattern, groups, second_order and pattern == PICK_FREEZE, laws=laws)
    state = estimator.init(layout, (cells,))
    held = sum(np.asarray(array).size for array in state) // cells  # a few more are shared by all cells
    sizes = {
        "g": 3,
        "p": 3,
        "r": layout.independent,
        "b": getattr(estimator, "bins", getattr(estimator, "parts", 0)),
        "t": 1,
    }
    sizes["k"] = getattr(estimator, "output_bins", 0)
    assert held == numbers(formulas[-1 if second_order else 0], **sizes)


# What interop.md says.


def test_the_code_of_the_page_on_other_tools_runs(client, tmp_path, monkeypatch):
    shutil.copy(ROOT / "examples" / "functions" / "ishigami.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    scope: dict[str, Any] = {"client": client}
    for block in re.findall(r"^```python\n(.*?)^```$", read(INTEROP), re.MULTILINE | re.DOTALL):
        exec(block, scope)
    sys.modules.pop("ishigami")
    assert list(scope["total"].index) == ["x1", "x2", "x3"]
    assert {*scope["table"]["index"]} >= {"S1", "ST", "S2", "mean"}
    assert scope["factors"]["discharge"] == {"kind": "gumbel", "scale": 558.0, "loc": 1013.0}
    assert len(scope["first"]) == len(scope["median"]) == len(scope["moment_independent"]["S1"]) == 3


def test_the_page_on_other_tools_has_every_function():
    from dnnsa import interop

    told = re.findall(r"^\| `(\w+)\(", read(INTEROP), re.MULTILINE)
    assert sorted(told) == sorted(interop.__all__)


# All pages.


def anchors(path: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", read(path), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_there_are(path):
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", read(path)):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
