"""Networks: the record, the table of kinds, an adapter a kind, the proof of the split."""
