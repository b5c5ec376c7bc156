"""Runners over recorded benchmark families: `python -m benchmarks acasxu`.  Not part of the tests."""
