"""Graphs from graphs: what claims about several networks, or several points, are decided on."""
