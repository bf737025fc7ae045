"""Screening by derivatives: which factors do next to nothing, and the study in which these are one group."""

from dnnsa.screening.asked import study_of_bounds
from dnnsa.screening.file import regrouped
from dnnsa.screening.found import Bound, Screening, screening

__all__ = ["Bound", "Screening", "regrouped", "screening", "study_of_bounds"]
