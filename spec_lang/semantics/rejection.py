"""The exception by which a mistake of the user's leaves the place where it was found."""

from __future__ import annotations


class Rejected(Exception):
    """The user's mistake, already in the log; unwinds to the nearest place that can go on without."""
