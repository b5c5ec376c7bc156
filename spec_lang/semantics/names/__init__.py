"""Resolution: what the names of a file and of its imports stand for, families and definitions worked out."""
