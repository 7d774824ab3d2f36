"""What everything stands on: errors, files, progress, digests, array types."""
