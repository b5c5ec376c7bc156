"""Text to syntax: the grammar, the AST, syntax errors, printing."""
