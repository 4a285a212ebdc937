"""The report of a results folder.

collect     one pass over the records: a `Collection`, which all else is made of
attributes  scores by what is difficult about sequences and frames
accuracy    truths of the datasets, scores of records
latency     times as distributions, pairs as ratios; `memory`: peaks and their changes
checks      what publications claim, held against what is found
words       findings as sentences; `answers`: those that come first
table       a table as text, Markdown, LaTeX and CSV; `tables`: all of them, by subject
tradeoff    speed against accuracy; `sparklines`: every sequence's distance at a glance;
            `labels`: names in a plot that do not overlap
figures     curves, times, variants, divergence (`drawing`: how they look); `strips`: frames
moments     where variants leave their baseline; `clips`: the worst of them as short videos
comparison  result files of several trackers side by side
pgf         curves as text for a paper
sections    the parts of the page, which tables and figures belong to
page        the HTML page (page.html.j2, page.css, page.js)
snapshot    the data of a report, for a later one to be held against
write       puts all of it on disk
"""
