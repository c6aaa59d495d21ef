"""Type inference of text columns: the rules that clean applies and that ingest's init predicts."""
