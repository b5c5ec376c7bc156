"""Definitions inlined, and claim forms replaced by the formulas that they stand for."""
