"""Tests of `spec_lang.engine`."""
