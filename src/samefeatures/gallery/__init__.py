"""Overlaps of a scored study with thumbnails: the last look at images."""
