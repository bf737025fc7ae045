"""A study file says a study, or says what is wrong with it, all at once, each with its path."""

import json
import pickle

import jsonschema
import pytest

from dnnsa import Study
from dnnsa.errors import ModelError, StudyError
from dnnsa.factors import Uniform
from dnnsa.reading import read_text
from dnnsa.study import schema
from tests.studies import parts, study

NETWORK = {
    "model": {"kind": "keras", "path": "net.keras", "outputs": "probabilities"},
    "cases": {"path": "cases.npz", "labels": "labels"},
    "perturb": [{"kind": "brightness", "delta": "x1"}, {"kind": "contrast", "factor": "x2"}],
    "quantities": {"entropy": {"kind": "entropy"}},
}

ISHIGAMI = """
name: ishigami
factors:
  x1: {kind: uniform, low: -3.141592653589793, high: 3.141592653589793}
  x2: {kind: loguniform, low: 1e-5, high: 1}
design: {kind: saltelli, base_points: 4096, replicates: 4, seed: 0, second_order: false}
model: {kind: function, call: "ishigami:f"}         # module beside the study file, or installed
estimators: [{kind: sobol}, {kind: moments}]
"""


def problems(**changes):
    with pytest.raises(StudyError) as error:
        Study(**parts(**changes))
    return list(error.value.problems)


def test_a_study_file_is_read(tmp_path):
    (tmp_path / "ishigami.yaml").write_text(ISHIGAMI, encoding="utf-8")
    read = Study.from_yaml(tmp_path / "ishigami.yaml")
    assert read.name == "ishigami"
    assert read.factors["x2"].low == 1e-5
    assert [estimator.kind for estimator in read.estimators] == ["sobol", "moments"]
    assert read.directory == tmp_path.resolve()


def test_a_study_is_written_and_read_again():
    first = Study(**parts())
    again = Study(**read_text(first.to_yaml()))
    assert again == first
    assert again.digest == first.digest


def test_a_study_travels():
    first = Study(**parts())
    assert pickle.loads(pickle.dumps(first)) == first


def test_classes_may_stand_for_their_settings():
    assert Study(**parts(factors={"x1": Uniform(low=0, high=1)})).factors["x1"] == Uniform(low=0, high=1)


def test_the_digest_is_of_what_decides_the_results():
    first = Study(**parts())
    assert Study(**parts(name="other", max_failed=0.5)).digest == first.digest
    assert Study(**parts(base_points=512)).digest != first.digest
    swapped = dict(reversed(first.document["factors"].items()))
    assert Study(**parts(factors=swapped)).digest != first.digest


def test_estimators_are_sobol_and_moments_unless_given():
    assert [estimator.kind for estimator in Study(**parts()).estimators] == ["sobol", "moments"]


def test_a_network_study_is_read():
    read = Study(**parts(**NETWORK))
    assert [step.factors for step in read.perturb] == [("x1",), ("x2",)]


U = {"kind": "uniform", "low": 0, "high": 1}
FUNCTION = {"kind": "function", "call": "model:f"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"desgin": 1}, "the file: unknown key `desgin`: did you mean `design`?"),
        ({"factors": {"x": {**U, "hihg": 2}}}, "factors.x: unknown key `hihg`: did you mean `high`?"),
        ({"factors": {"x": {"kind": "unifrom"}}}, "factors.x.kind: no kind `unifrom`: did you mean `uniform`?"),
        (
            {"factors": {"x": {"low": 0}}},
            "factors.x: `kind` is missing: use one of `uniform`, `loguniform`, `normal`, `lognormal`, `truncnormal`, "
            "`triangular`, `beta`, `weibull`, `gumbel`, `integers`, `choice`, `empirical`.",
        ),
        ({"factors": {"x": {"kind": "uniform", "low": 0}}}, "factors.x: `high` is missing."),
        ({"factors": {"x": {**U, "low": 2}}}, "factors.x: `low` must be below `high`, got low: 2 and high: 1."),
        ({"factors": {"x": {**U, "low": "0"}}}, 'factors.x.low: must be a valid number, got "0".'),
        ({"factors": {"x": {**U, "low": True}}}, "factors.x.low: must be a valid number, got true."),
        ({"factors": {"x": 3}}, "factors.x: must be a mapping such as {kind: ...}, got 3."),
        ({"factors": {}}, "factors: must hold at least 1, got {}."),
        (
            {"factors": {"x-1": U}},
            "factors.x-1: a factor's name must be a Python name, such as `noise_sd`, none of `factor`, `factor_2`, "
            "`quarantine`, `runs`.",
        ),
        (
            {"factors": {"factor": U}},
            "factors.factor: a factor's name must be a Python name, such as `noise_sd`, none of `factor`, `factor_2`, "
            "`quarantine`, `runs`.",
        ),
        (
            {"design": {"kind": "saltelli", "base_points": 100}},
            "design: `base_points` must be a power of two multiple of `replicates` (4), got 100: use 64 or 128.",
        ),
        (
            {"design": {"kind": "saltelli", "base_points": 64.5}},
            "design.base_points: must be a valid integer, got 64.5.",
        ),
        (
            {"design": {"kind": "sobol", "foo": 1}},
            "design.kind: no kind `sobol`: use one of `saltelli`, `sample`, `morris`, `external`.",
        ),
        ({"name": "../evil"}, "name: it names files: printable text without `/`, got '../evil'."),
        (
            {"factors": {f"x{k}": U for k in range(10601)}},
            "factors: a Sobol' sequence serves at most 10600, got 10601: use another `sequence`.",
        ),
        ({"design": {"kind": "saltely"}}, "design.kind: no kind `saltely`: did you mean `saltelli`?"),
        ({"factors": 3}, "factors: must be a mapping such as {name: ...}, got 3."),
        ({"design": 3}, "design: must be a mapping such as {kind: ...}, got 3."),
        (
            {"estimators": [{"kind": "hsic", "goal": {"sahre": 1}}]},
            "estimators[0].goal: unknown key `sahre`: did you mean `share`?",
        ),
        ({"model": {"kind": "function", "call": "f"}}, "model: `call` must be `module:function`, got `f`."),
        (
            {"estimators": [{"kind": "fast"}]},
            "estimators[0].kind: no kind `fast`: use one of `sobol`, `morris`, `dgsm`, `active_subspace`, `hsic`, "
            "`binned`, `main_effects`, `moments`, `extrema`, `exceedance`, `histogram`, `quantiles`, `covariance`.",
        ),
        (
            {"estimators": [{"kind": "sobol"}] * 2},
            "estimators[1]: gives `S1`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"model": {**FUNCTION, "dims": {"output": ["S1", "x", "x"]}}},
            "model.dims.output: `S1` is the name of something else in the store: call the dimension otherwise.",
        ),
        (
            {"model": {**FUNCTION, "dims": {"output": ["S1", "x", "x"]}}},
            "model.dims.output: `x` stands there 2 times: dimensions have different names.",
        ),
        (
            {**NETWORK, "quantities": {"y": {"kind": "output", "dims": ["unit"]}}},
            "quantities.y.dims: `unit` is the name of something else in the store: call the dimension otherwise.",
        ),
        ({"estimators": []}, "estimators: must hold at least 1, got []."),
        ({"max_failed": 2}, "max_failed: must be less than or equal to 1, got 2."),
        (
            {"quantities": {"y": {"kind": "output"}}},
            "quantities: is for networks, such as `model.kind: keras`; a function names its quantities itself.",
        ),
        ({**NETWORK, "cases": {"pth": "x.npz"}}, "cases: unknown key `pth`: did you mean `path`?"),
        (
            {**NETWORK, "perturb": [{"kind": "brightness", "delta": "x3"}]},
            "perturb[0]: no factor `x3`: use one of `x1`, `x2`.",
        ),
        (
            {**NETWORK, "perturb": [{"kind": "brightness", "delta": "x1"}]},
            "factors.x2: is used by nothing: name it in `perturb`, `weights`, `cases.factor` or `model`, or leave it "
            "out.",
        ),
        (
            {**NETWORK, "model": {**NETWORK["model"], "dropout": {"drop": "x1"}}},
            "model.dropout.drop: `x1` must give integers, and is of kind `uniform`: make it `kind: integers`, or a "
            "`choice` of integers.",
        ),
        (
            {**NETWORK, "weights": [{"kind": "relative_noise", "sd": 0.1, "seed": "x2"}]},
            "weights[0].seed: `x2` must give integers, and is of kind `uniform`: make it `kind: integers`, or a "
            "`choice` of integers.",
        ),
        (
            {**NETWORK, "quantities": {}},
            "quantities: at least one is needed for a network, such as `y: {kind: output}`.",
        ),
        (
            {**NETWORK, "cases": None},
            "model.inputs: give either `cases` (nominal inputs that factors perturb) or `model.inputs` (the factors "
            "that are the network's input), not both and not none.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_path(changes, problem):
    assert problem in problems(**changes)


SAMPLE = {"kind": "sample", "base_points": 256}
MORRIS = {"kind": "morris", "base_points": 256}
SOBOL, MOMENTS, BINNED = {"kind": "sobol"}, {"kind": "moments"}, {"kind": "binned"}
DGSM = {"kind": "dgsm", "quantity": "y", "gradient": "dy"}
COVARIANCE = {"kind": "covariance", "quantity": "y", "other": "z"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"design": SAMPLE, "estimators": [SOBOL]},
            "estimators[0]: `sobol` needs pick-freeze runs: use `design: {kind: saltelli}`, or an external table with "
            "`pattern: pick-freeze`.",
        ),
        (
            {"design": MORRIS, "estimators": [SOBOL]},
            "estimators[0]: `sobol` needs pick-freeze runs: use `design: {kind: saltelli}`, or an external table with "
            "`pattern: pick-freeze`.",
        ),
        (
            {"design": MORRIS, "estimators": [{"kind": "moments"}]},
            "estimators[0]: `moments` needs runs that are independent draws of the factors: use "
            "`design: {kind: sample}` or `saltelli`.",
        ),
        (
            {"estimators": [SOBOL, {"kind": "morris"}]},
            "estimators[1]: `morris` needs trajectories of runs: use `design: {kind: morris}`.",
        ),
        (
            {"factors": {x: {"kind": "choice", "values": [1, 2]} for x in ("x1", "x2")}, "estimators": [DGSM]},
            "estimators[0]: `dgsm` needs derivatives, and no factor has any: all are integers, choices or the like.",
        ),
        (
            {"factors": {"x1": U, "x2": {**U, "when": {"x1": {"low": 0.5}}}}, "estimators": [DGSM]},
            "estimators[0]: `dgsm` needs a model without jumps, and it may jump where `x2` becomes active: leave one "
            "of the two out.",
        ),
        (
            {"design": SAMPLE, "estimators": [BINNED]},
            "estimators[0]: `binned` reckons with the scatter of base points that are independent draws: use "
            "`sequence: monte_carlo` in `design`, or for an external table of such draws `replicates`.",
        ),
        (
            {"estimators": [SOBOL, {**MOMENTS, "level": 0.9}]},
            "estimators: all intervals have one `level`, got 0.9, 0.95.",
        ),
        (
            {"estimators": [{**SOBOL, "of": ["y"]}, SOBOL]},
            "estimators[1]: gives `S1`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"estimators": [{**SOBOL, "of": ["y", "z"]}, {**SOBOL, "of": ["z"], "estimator": "jansen"}]},
            "estimators[1]: gives `S1` of `z`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"estimators": [COVARIANCE, COVARIANCE]},
            "estimators[1]: gives `correlation_z` of `y`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"estimators": [COVARIANCE, {**COVARIANCE, "other": "z_lower"}]},
            "estimators[1]: gives `correlation_z_lower` of `y`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"estimators": [DGSM, {**DGSM, "gradient": "other"}]},
            "estimators[1]: gives `ST_bound` of `y`, which estimators[0] gives too: leave one of them out.",
        ),
        (
            {"estimators": [{**SOBOL, "of": []}]},
            "estimators[0].of: must name at least one quantity, got []: leave it out for all.",
        ),
        (
            {**NETWORK, "estimators": [{**SOBOL, "of": ["entrpy"]}]},
            "estimators[0].of: no quantity `entrpy`: did you mean `entropy`?",
        ),
        (
            {"model": {**FUNCTION, "dims": {"y": ["probability"]}}, "estimators": [{"kind": "quantiles"}]},
            "model.dims.y: `probability` is the name of something else in the store: call the dimension otherwise.",
        ),
        (
            {"model": {**FUNCTION, "dims": {"y": ["bin"]}}, "estimators": [{"kind": "histogram"}]},
            "model.dims.y: `bin` is the name of something else in the store: call the dimension otherwise.",
        ),
        (
            {"model": {**FUNCTION, "dims": {"y": ["covariance_z"]}}, "estimators": [COVARIANCE]},
            "model.dims.y: `covariance_z` is the name of something else in the store: call the dimension otherwise.",
        ),
        (
            {"model": {**FUNCTION, "dims": {"y": ["x-1"]}}},
            "model.dims.y: a dimension's name must be a Python name, such as `time`, got `x-1`.",
        ),
    ],
)
def test_estimators_that_do_not_fit_are_refused_before_anything_runs(changes, problem):
    assert problems(**changes) == [problem]


@pytest.mark.parametrize(
    "estimators",
    [
        [COVARIANCE, {**COVARIANCE, "other": "w"}],  # another pair
        [{**SOBOL, "of": ["y"]}, {**SOBOL, "of": ["z"], "estimator": "jansen"}],
        [SOBOL, {**DGSM}, MOMENTS, {"kind": "extrema"}],
    ],
)
def test_estimators_that_say_different_things_stand_side_by_side(estimators):
    assert len(Study(**parts(estimators=estimators)).estimators) == len(estimators)


@pytest.mark.parametrize("sequence", ["halton", "monte_carlo", "latin_hypercube"])
def test_only_a_sobol_sequence_runs_out_of_columns(sequence):
    many = {f"x{k}": U for k in range(10601)}
    design = {"kind": "saltelli", "base_points": 64, "sequence": sequence}
    assert len(Study(**parts(factors=many, design=design, estimators=[{"kind": "extrema"}])).factors) == 10601
    assert problems(factors=many, design={**design, "sequence": "sobol"}) == [
        "factors: a Sobol' sequence serves at most 10600, got 10601: use another `sequence`."
    ]


def test_every_problem_is_told_at_once():
    told = problems(factors={"x": {**U, "low": 2}, "y": {"kind": "uniform"}}, desgin=1, max_failed=2)
    assert len(told) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "the file must hold `key: value` lines, got [1]."),
        ("a: 1\na: 2", 'not YAML: line 2, column 1: found duplicate key "a" with value "2" (original value: "1").'),
        ("a: [1,", "not YAML: line 1, column 7: expected the node content, but found '<stream end>'."),
        (
            "a: !!python/object/apply:os.system [ls]",
            "not YAML: line 1, column 4: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.system'.",
        ),
        ("name: 2020-13-45", "not YAML: month must be in 1..12."),
        ("name: &a [*a]", "a value contains itself: an alias `*name` stands inside of what `&name` names."),
        ("name: x\nbirthday: 2020-01-01", "put dates and the like in quotes."),
    ],
)
def test_what_is_no_yaml_of_settings_is_refused(tmp_path, text, message):
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as error:
        Study.from_yaml(path)
    assert str(error.value).startswith(f"{path}:\n")
    assert message in str(error.value)


def test_a_study_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StudyError, match="the file cannot be read: No such file or directory"):
        Study.from_yaml(tmp_path / "missing.yaml")


def test_the_keywords_of_the_class_are_no_keys_of_a_file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(ISHIGAMI + "directory: /elsewhere\nself: 1", encoding="utf-8")
    with pytest.raises(StudyError) as error:
        Study.from_yaml(path)
    assert [told.split(":")[1] for told in error.value.problems] == [" unknown key `directory`", " unknown key `self`"]


def test_digests_are_of_the_files_contents(tmp_path):
    one = study(tmp_path, "def f(x1, x2): return x1").digests()
    other = study(tmp_path, "def f(x1, x2): return x2").digests()
    assert one.keys() == other.keys() == {"model.call"}
    assert one != other


def test_a_module_that_is_nowhere_is_told_before_anything_runs(tmp_path):
    with pytest.raises(ModelError, match=r"model.call: no module `nowhere`: neither .*nowhere.py nor installed"):
        Study(directory=tmp_path, **parts(call="nowhere:f")).digests()


def test_the_schema_accepts_what_is_read_and_refuses_what_is_not():
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(json.loads(json.dumps(read_text(ISHIGAMI))))
    validator.validate(json.loads(json.dumps(parts(**NETWORK))))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(parts(desgin=1))
