"""What a study will take on this machine, from a short measurement."""
