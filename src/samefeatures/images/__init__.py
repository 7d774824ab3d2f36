"""Image sets: sources, labels, decoding, preprocessing, views."""
