"""Plots as SVG, with their axes and number formats."""
