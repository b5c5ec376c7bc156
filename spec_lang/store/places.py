"""Where things are kept between runs: in folders of the user's cache.

In: the environment, as `platformdirs` reads it.  Out: paths, which need not exist.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def proofs() -> Path:
    """Proofs and witnesses."""
    return user_cache_path("nnspec") / "proofs"


def runs() -> Path:
    """Runs, in which nothing may have changed."""
    return user_cache_path("nnspec") / "runs"


def writers() -> Path:
    """Files that tell who is writing."""
    return user_cache_path("nnspec") / "writers"
