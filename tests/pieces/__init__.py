"""Tests of what is said of one affine piece of a network."""
