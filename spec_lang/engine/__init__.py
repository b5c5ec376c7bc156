"""The composition root: the one package that imports every stage, and runs them in order."""

from spec_lang.engine.options import CheckOptions, Observer, Silent
from spec_lang.engine.run import check

__all__ = ["CheckOptions", "Observer", "Silent", "check"]
