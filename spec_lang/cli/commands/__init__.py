"""The commands, a file each: arguments in, an exit status out."""
