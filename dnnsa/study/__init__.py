"""A study: what is asked, of which model, under which laws, with how many runs."""

from dnnsa.study.checks import RESERVED, TAKEN
from dnnsa.study.parts import PARTS, StudyFile
from dnnsa.study.study import Study, schema

__all__ = ["PARTS", "RESERVED", "TAKEN", "Study", "StudyFile", "schema"]
