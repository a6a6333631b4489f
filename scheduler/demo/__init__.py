"""Invented data to show and to measure Sidegate with: a small town, and towns at scale."""
