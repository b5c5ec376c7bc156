"""What of a point is enough for a decision: small sets of elements that imply it."""
