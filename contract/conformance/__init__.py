"""The conformance kit: black-box checks of any stage's image."""
