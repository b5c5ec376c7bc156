"""Relaxations, one file a primitive."""
