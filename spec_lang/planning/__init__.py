"""From an obligation to the backends that are tried on it: a pure function, with reasons."""
