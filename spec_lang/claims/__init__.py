"""Claim forms, one file each; discovered by `_registry`."""
