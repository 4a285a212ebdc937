"""TransT."""
