"""Claim forms about the symmetries of networks."""
