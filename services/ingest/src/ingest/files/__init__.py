"""Files: signatures, compression and text encodings of source files."""
