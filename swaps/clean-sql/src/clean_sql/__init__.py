"""Clean stage on DuckDB: the rules are in clean.sql, this package keeps the contract."""

__version__ = "0.2.0"
