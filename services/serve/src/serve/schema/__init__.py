"""The cleaning rules of one row: columns, cells, constraints, formats of numbers and dates."""
