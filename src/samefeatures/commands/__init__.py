"""The command line, without logic."""
