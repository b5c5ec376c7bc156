"""Warnings: an open set.  Every module here looks for one thing that is legal and seldom meant.

`base` says what a lint is and runs them all over a file; `_allows` takes out what its comments allow.
"""
