"""The official code of each family, run on a CPU beside ours; a module a family.

Each has a function `trackers(checkout)`: for each of our baselines a function from frames and a
first box to the boxes (N - 1, 4) that the official tracker class gives, on our seeded weights.
"""
