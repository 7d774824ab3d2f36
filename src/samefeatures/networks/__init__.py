"""Networks: the record, one adapter per source, the miniatures."""
