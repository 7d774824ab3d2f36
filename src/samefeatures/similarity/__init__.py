"""How near two feature spaces are: one file a measure."""
