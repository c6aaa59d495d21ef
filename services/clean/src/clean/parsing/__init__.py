"""Parsing: cells of texts and typed sources become values of the contract's six types."""
