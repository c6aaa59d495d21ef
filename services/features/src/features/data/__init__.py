"""The clean table: its columns, its target, and rows as tensors."""
