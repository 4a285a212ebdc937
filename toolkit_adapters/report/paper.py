"""What the paper that this project implements states, for its figures to stand beside ours."""

from __future__ import annotations

SETTING = "HiT-Base, NVIDIA L40S, batch 1"
BASELINE_MS, MEMEFF_MS = 7.82, 6.45
BASELINE_FPS, MEMEFF_FPS = 127, 155
SPEEDUP = BASELINE_MS / MEMEFF_MS
MEMORY_CHANGE = -0.284
IDENTITY = "bitwise identical predictions"

#: Per cent, by dataset and score, under the names of our conventions: what the paper calls AUC on
#: TrackingNet is the server's Success.
SCORES = {
    "lasot": {"AUC": 64.6, "P_Norm": 73.3, "P": 68.1},
    "trackingnet": {"Success": 80.0, "NormPrec": 84.4, "Precision": 77.3},
    "got10k": {"AO": 64.0, "SR0.5": 72.1, "SR0.75": 58.1},
}
#: What the paper's scores are means over.
SCORED_ON = {
    "lasot": "the 280 test sequences of LaSOT",
    "trackingnet": "the 511 test sequences of TrackingNet, by its server",
    "got10k": "the 180 test sequences of GOT-10k, by its server: not the validation set",
}
