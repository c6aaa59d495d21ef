"""The prediction routes: /predict, /invocations, and OIP's infer."""
