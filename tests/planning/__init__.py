"""Tests of `spec_lang.planning`."""
