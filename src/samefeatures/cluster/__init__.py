"""Extraction and moments over many machines, with Ray."""
