"""Is it the same tracker? Claims checked on what a run left."""
