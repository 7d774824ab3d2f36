"""One space for all networks: generalised canonical correlations (MAXVAR) from joint moments."""
