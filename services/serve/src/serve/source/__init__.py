"""How the source of a model writes its tables: what requests and files to score are read by."""
