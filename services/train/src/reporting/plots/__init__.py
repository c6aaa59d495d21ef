"""Plots as SVG, and the numbers and axes in them."""
