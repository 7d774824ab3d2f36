"""Features of images: rows, their store, and the loop that extracts them."""
