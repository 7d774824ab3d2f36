"""Control spaces: rows that stand in for a network's features. One file a kind."""
