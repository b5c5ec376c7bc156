"""Formulas and regions to conditions."""
