"""Decision procedures, one module or package each; discovered by `_registry`."""
