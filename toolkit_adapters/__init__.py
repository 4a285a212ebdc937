"""Everything that ties trackers to datasets, toolkits, records and reports."""
