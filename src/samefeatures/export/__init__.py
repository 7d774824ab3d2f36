"""Hybrids as files."""
