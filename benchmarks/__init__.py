"""Benchmarks, for people: `python -m benchmarks FAMILY`, and one module for each other question."""

import os

# Before numpy is imported: BLAS threads of several processes only make each other wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
