"""The OpenAPI description of the prediction routes, made from the live model."""
