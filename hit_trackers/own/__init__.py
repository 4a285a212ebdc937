"""Somebody else's tracker, with no line of it changed: what it is, and how it is spoken to."""
