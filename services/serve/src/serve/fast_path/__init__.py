"""The fast path: prediction requests are answered before the framework sees them."""
