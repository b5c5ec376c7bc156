"""The diagnostic codes of `nnspec infer`, which are among those of usage (NN4xx).

Stable: a code, once published, keeps its meaning.  The comment beside each says what it is about.
"""

from __future__ import annotations

from typing import Final

DATA: Final = "NN440"  # data that nothing can be inferred from: width, emptiness, no finite numbers
ONE_CLASS: Final = "NN441"  # data of a single decision
LABELS: Final = "NN442"  # labels that are not what the network decides
NETWORK: Final = "NN443"  # a network without neurons that are on or off, or with several tensors
PROPERTY: Final = "NN444"  # a property, a domain, a layer or a label that is not understood
EXTRA: Final = "NN445"  # scikit-learn is not installed
OUTPUT: Final = "NN446"  # a file that is there already, or cannot be written
STATE: Final = "NN447"  # what was kept of an earlier run belongs to another question
