"""Trainings as runs: hyperparameters, seeds and the amount of data are factors, and each run trains a network."""

from dnnsa.training.behaviour import Thresholds
from dnnsa.training.model import Checkpoint, EarlyStopping, Training
from dnnsa.training.networks import NETWORKS

__all__ = ["NETWORKS", "Checkpoint", "EarlyStopping", "Thresholds", "Training"]
