"""How many images: maps fitted on nested parts of the fit rows, and what more rows would bring."""
