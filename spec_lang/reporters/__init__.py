"""Output formats, an open set: a module with `REPORTER` each, imported when it is asked for."""
