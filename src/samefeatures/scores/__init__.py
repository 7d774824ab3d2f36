"""Heads on rows: counts, intervals, paired tests, overlap, rankings."""
