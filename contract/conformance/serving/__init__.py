"""A server that is asked over HTTP, and the model volume that it follows."""
