"""The OpenAPI description of the hot routes, made from the live model."""
