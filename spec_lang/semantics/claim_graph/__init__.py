"""Networks as a spec sees them, and the one graph of a claim that they are put together to."""
