"""Benchmarks: ratios within one run, each beside the limit that it is held against."""
