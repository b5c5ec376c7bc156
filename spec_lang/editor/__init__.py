"""What editors need to show a spec: one table of patterns, and the highlighters made from it."""
