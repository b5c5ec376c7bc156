"""Rigorous bounds of a network's values over boxes: outward-rounded, batched, shared by every backend."""
