"""What a parsed file means: names, types, shapes, exact linear forms."""
