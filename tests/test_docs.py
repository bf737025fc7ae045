"""The reference of the study file is true: its examples are read, and no kind, key or default is missing from it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import dnnsa
from dnnsa import cluster, designs, estimators, factors, models, perturb, quantities
from dnnsa.cases import Cases
from dnnsa.cluster import read_profile
from dnnsa.errors import DnnsaError
from dnnsa.estimators.base import FLAGS
from dnnsa.reading import plain, read_text
from dnnsa.study import PARTS, StudyFile

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "study-file.md"
PROFILE = "cluster profile"

# The heading under which a room's kinds stand, and the kinds.
ROOMS: dict[str, Mapping[str, type]] = {
    "`factors`": factors.KINDS,
    "`design`": designs.KINDS,
    "`model`": models.KINDS,
    "`perturb`": perturb.KINDS,
    "`quantities`": quantities.KINDS,
    "`estimators`": estimators.KINDS,
    "Cluster profiles": cluster.KINDS,
}
SETTINGS = [(room, kind, of) for room, kinds in ROOMS.items() for kind, of in kinds.items()]


class Example(NamedTuple):
    """A fenced block of YAML and the key that it is a fragment of, none for a complete study."""

    where: str
    fragment: str | None
    text: str


def examples(path: Path) -> Iterator[Example]:
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"(?:^<!-- fragment: (.+?) -->\n)?^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Example(f"{path.name}:{line}", found[1], found[2])


EXAMPLES = [example for path in (REFERENCE, ROOT / "README.md") if path.exists() for example in examples(path)]
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
    network = model.get("kind") == "keras" or not fragment.keys().isdisjoint({"cases", "perturb", "quantities"})
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


def rows(text: str) -> dict[str, str]:
    """The tables of keys in a text: the default of each key as it is written."""
    found = re.findall(r"^\| `(\w+)` \| [^|]+ \| `?([^|]+?)`? \| [^|]+ \|$", text, re.MULTILINE)
    return dict(found)


def default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return plain(field.default_factory())
    return "required" if field.default is MISSING else plain(field.default)


def keys(of: type) -> dict[str, Any]:
    """The keys of a settings class but for `kind`, each with its default as a value of YAML."""
    return {field.name: default(field) for field in fields(of) if field.name != "kind"}


def documented(room: str, kind: str) -> dict[str, Any]:
    """The keys that the reference gives a kind, those of all kinds of its room with them."""
    parts = sections(sections(REFERENCE.read_text(encoding="utf-8"), 2)[room], 3)
    return {key: read_text(value) for part in ("", f"`{kind}`") for key, value in rows(parts[part]).items()}


def test_there_are_complete_studies_and_fragments_of_every_key():
    assert len(STUDIES) >= 2
    assert {example.fragment for example in FRAGMENTS} == set(PARTS) - {"name"} | {PROFILE}


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
    assert list(parts) == [example.fragment]
    assert dnnsa.Study(**around(parts))


def test_an_example_that_does_not_hold_is_seen():
    with pytest.raises(DnnsaError, match="no kind `rotate`"):
        dnnsa.Study(**{**around({"perturb": []}), "perturb": [{"kind": "rotate", "angle": "x"}]})


@pytest.mark.parametrize(("room", "kind", "of"), SETTINGS, ids=[f"{kind}" for _, kind, _ in SETTINGS])
def test_the_reference_has_every_key_of_a_kind_and_its_default(room, kind, of):
    assert documented(room, kind) == keys(of)


@pytest.mark.parametrize(("room", "kind", "of"), SETTINGS, ids=[f"{kind}" for _, kind, _ in SETTINGS])
def test_every_kind_has_an_example(room, kind, of):
    section = sections(sections(REFERENCE.read_text(encoding="utf-8"), 2)[room], 3)[f"`{kind}`"]
    assert f"kind: {kind}" in "".join(re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))


def test_the_reference_has_every_key_of_the_cases():
    section = sections(REFERENCE.read_text(encoding="utf-8"), 2)["`cases`"]
    assert {key: read_text(value) for key, value in rows(section).items()} == keys(Cases)


def test_the_reference_has_every_key_of_a_study_and_its_default():
    section = sections(REFERENCE.read_text(encoding="utf-8"), 2)["Keys of a study"]
    true = {
        name: "required" if field.is_required() else plain(field.get_default(call_default_factory=True))
        for name, field in StudyFile.model_fields.items()
    }
    assert {key: read_text(value) for key, value in rows(section).items()} == true


@pytest.mark.parametrize("kind", estimators.KINDS)
def test_the_reference_has_every_variable_that_an_estimator_writes(kind):
    estimator = estimators.KINDS[kind]()
    done = estimator.finalize([estimator.init(2, ())], 0.0)
    section = sections(REFERENCE.read_text(encoding="utf-8"), 2)["What the store holds"]
    for name in [
        *done.maps,
        *(f"{name}_aggregated{bound}" for name in done.ratios for bound in ("", "_lower", "_upper")),
    ]:
        assert f"`{name}`" in section


def test_the_reference_has_every_flag_of_status():
    section = sections(REFERENCE.read_text(encoding="utf-8"), 2)["What the store holds"]
    assert dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.MULTILINE)) == {k: str(v) for k, v in FLAGS.items()}


def test_links_of_the_reference_lead_to_its_headings():
    text = REFERENCE.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#(.+?)\)", text)) <= anchors
