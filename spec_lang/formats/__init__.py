"""Formats of others: VNN-LIB."""
