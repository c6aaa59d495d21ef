"""Workbooks: Excel and OpenDocument files, whose sheets are scanned before they are loaded."""
