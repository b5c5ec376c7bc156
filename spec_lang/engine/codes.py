"""The diagnostic codes of usage (NN4xx): what a command line names and the specs do not have.

Stable: a code, once published, keeps its meaning.  The comment beside each says what it is about.
"""

from __future__ import annotations

from typing import Final

NO_FILE: Final = "NN401"  # a path that does not exist
NO_SPECS: Final = "NN402"  # a folder without a spec
NOT_A_SPEC: Final = "NN403"  # a file of another kind
TOO_LARGE: Final = "NN404"  # a file that is not read for its size
UNREADABLE: Final = "NN405"  # a file that the system does not let us read
NO_CLAIM: Final = "NN406"  # a glob that selects nothing
NO_NETWORK: Final = "NN407"  # a `--network` that no spec has
QUERY_NETWORK: Final = "NN408"  # a query without its network, or with several
NO_BACKEND: Final = "NN409"  # a backend that does not exist
OUT_OF_DATE: Final = "NN411"  # a lock that does not say what comes out
DAMAGED_LOCK: Final = "NN412"  # lines of a lock that cannot be read
NO_LOCK: Final = "NN413"  # a lock that the system does not let us read or write
UNAVAILABLE: Final = "NN410"  # a backend that cannot run here
NO_EXECUTOR: Final = "NN470"  # workers elsewhere that cannot be used
