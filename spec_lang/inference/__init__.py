"""Invariants of networks, inferred from data: activation patterns and boxes that imply a decision.

In: a network, points, and a property.  Out: declarations that the engine has proved, as text.  Nothing in
here makes a verdict: floats, data and linear programs propose, every candidate is a claim like any other.
"""
