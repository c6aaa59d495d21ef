"""The conformance kit: black-box checks that any stage's image can be put through."""
