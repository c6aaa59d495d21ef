"""Schema: schema.json as Python objects, with the fields and constraints of each column."""
