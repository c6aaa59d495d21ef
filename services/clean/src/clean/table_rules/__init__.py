"""Table rules: outliers, duplicates and unique columns, which need more than one row."""
