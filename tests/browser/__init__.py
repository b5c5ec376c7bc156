"""Tests of the page in a browser, which are skipped where there is none."""
