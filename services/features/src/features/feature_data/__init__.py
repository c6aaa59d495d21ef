"""What is written: matrices, test rows and the documents that describe them."""
