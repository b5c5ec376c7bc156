"""The diagnostic codes of claim forms (NN17x).

Stable: a code, once published, keeps its meaning.  The comment beside each says what it is about.
"""

from __future__ import annotations

from typing import Final

WORD: Final = "NN170"  # a word that the argument of a form does not know
COMBINATION: Final = "NN171"  # arguments of a form that need or exclude each other
COMPONENT: Final = "NN172"  # an input that the network of a form does not have
NEURONS: Final = "NN173"  # a list of neurons that repeats or contradicts itself, or lists something else
VALUE: Final = "NN174"  # a radius, tolerance or share below 0, or an empty interval
BROKEN_PACKAGE: Final = "NN175"  # a third-party package whose form cannot be loaded
TAKEN_NAME: Final = "NN176"  # a third-party form with a name that is taken
FAILED_EXPANSION: Final = "NN177"  # a third-party form that fails when it is used
NOT_CALLED: Final = "NN178"  # a form without its arguments
