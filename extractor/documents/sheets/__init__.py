"""Spreadsheets: every sheet a page, its cells as the sheet shows them, each with its address."""
