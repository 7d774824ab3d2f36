"""What the two methods for the normalised loss (paper, section 4.2) are made of."""
