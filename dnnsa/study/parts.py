"""The keys of a study file: which there are, of which types, and which kinds may stand where."""

import dataclasses
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from dnnsa import designs, estimators, factors, models, perturb, quantities, reading, weights
from dnnsa.cases import Cases
from dnnsa.estimators.hsic import Goal
from dnnsa.factors import Range
from dnnsa.models.ensemble import Ensemble
from dnnsa.stopping import Stop
from dnnsa.training import NETWORKS, Checkpoint, EarlyStopping, Training
from dnnsa.training.data import Data

MODELS: dict[str, type[models.Model]] = {**models.KINDS, "training": Training}
OF_FACTORS = (*models.OF_FACTORS, Training)  # models that name their quantities themselves

# Which kinds may stand where.
KINDS: reading.Kinds = {
    ("factors", "*"): factors.KINDS,
    ("design",): designs.KINDS,
    ("model",): MODELS,
    ("model", "network"): NETWORKS,
    ("perturb", "*"): perturb.KINDS,
    ("weights", "*"): weights.KINDS,
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
    "model": (reading.one_of(MODELS), Field(description="What is run.")),
    "cases": (
        Cases | None,
        Field(default=None, description="The nominal inputs of a network, which `perturb` perturbs."),
    ),
    "perturb": (
        reading.list_of(perturb.KINDS),
        Field(default=(), description="What is done to each case, in this order."),
    ),
    "weights": (
        reading.list_of(weights.KINDS),
        Field(default=(), description="What is done to the network's weights in each run, in this order."),
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
    "granularity": (
        Literal["block", "run"],
        Field(
            default="block", description="What a task takes: blocks of base points, or one run, whose outputs are kept."
        ),
    ),
    "time_limit": (
        float | None,
        Field(default=None, gt=0, description="Seconds that one run may take."),
    ),
    "stop": (
        Stop | None,
        Field(default=None, description="How narrow intervals must be, for base points to be doubled until they are."),
    ),
}
StudyFile: type[BaseModel] = create_model(
    "StudyFile",
    __config__=ConfigDict(extra="forbid", strict=True, frozen=True, title="dnnsa study", allow_inf_nan=False),
    **PARTS,
)
KEYS = {
    (): list(StudyFile.model_fields),
    ("cases",): [field.name for field in dataclasses.fields(Cases)],
    ("model", "data"): [field.name for field in dataclasses.fields(Data)],
    ("model", "early_stopping"): [field.name for field in dataclasses.fields(EarlyStopping)],
    ("model", "checkpoint"): [field.name for field in dataclasses.fields(Checkpoint)],
    ("model", "ensemble"): [field.name for field in dataclasses.fields(Ensemble)],
    ("stop",): [field.name for field in dataclasses.fields(Stop)],
    ("factors", "*", "when", "*"): [field.name for field in dataclasses.fields(Range)],
    ("estimators", "*", "goal"): [field.name for field in dataclasses.fields(Goal)],
}
