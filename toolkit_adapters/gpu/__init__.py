"""One command that settles what waits for a GPU: parts, each a file; a report; docs confirmed."""
