"""Tests of `spec_lang.backends.pairs`."""
