"""A study: what is asked, of which model, under which laws, with how many runs."""

from dnnsa.study.checks import RESERVED, TAKEN
from dnnsa.study.parts import MODELS, OF_FACTORS, PARTS, StudyFile
from dnnsa.study.study import Study, schema

__all__ = ["MODELS", "OF_FACTORS", "PARTS", "RESERVED", "TAKEN", "Study", "StudyFile", "schema"]
