"""The canonical layout of a file: a document of its declarations and comments, then lines."""
