"""Proofs and witnesses on disk: content-addressed, written atomically, believed by nobody."""
