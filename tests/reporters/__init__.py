"""Tests of `spec_lang.reporters`."""
