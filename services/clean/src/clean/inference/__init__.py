"""Type inference: the type and format of each undeclared column, from all of its values."""
