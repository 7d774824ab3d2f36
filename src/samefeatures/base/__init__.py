"""What all stands on: errors, files, progress, digests, array types, parts of other packages."""
