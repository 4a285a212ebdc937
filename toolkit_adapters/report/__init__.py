"""The report of a results folder.

collect     one pass over the records: a `Collection`, which all else is made of
accuracy    truths of the datasets, scores of records
latency     times as distributions, pairs as ratios
findings    the answers, and the paper's claims held against them
tables      latency and memory; `scores`: accuracy; `identity`: equivalence and provenance
table       a table as text, Markdown, LaTeX and CSV
figures     curves, times, variants, divergence (`drawing`: how they look); `strips`: frames
page        the HTML page (page.html.j2, page.css, page.js)
snapshot    the data of a report; `changes`: two of them compared
write       puts all of it on disk
"""
