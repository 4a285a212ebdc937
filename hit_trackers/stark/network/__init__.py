"""STARK's networks, from the facts of its official code (github.com/researchmm/Stark)."""
