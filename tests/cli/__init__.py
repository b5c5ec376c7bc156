"""Tests of `spec_lang.cli`."""
