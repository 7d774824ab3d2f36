"""Joint second moments of feature spaces, where they are summed and how they are kept."""
