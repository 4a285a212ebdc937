"""What a run leaves on disk: one lossless record per sequence, and where it came from.

    results/<tracker>/<dataset>/<sequence>.npz    Record
    results/<tracker>/<dataset>/run.json          Run
    results/<tracker>/memory.json                 peak memory
    results/plan.json                             Plan: what all of it should be

Control runs are trackers like any other: `hit_nano@repeat` is the baseline once more.
"""

from toolkit_adapters.records.plan import PLAN_FILE, DatasetPlan, Plan, extend_plan
from toolkit_adapters.records.record import SCOPES, Flag, Record, load_record, save_record
from toolkit_adapters.records.results import MEMORY_FILE, CachedResults, Results, open_results
from toolkit_adapters.records.run import REPEAT, RUN_FILE, Run, load_run

__all__ = [
    "MEMORY_FILE",
    "PLAN_FILE",
    "REPEAT",
    "RUN_FILE",
    "SCOPES",
    "CachedResults",
    "DatasetPlan",
    "Flag",
    "Plan",
    "Record",
    "Results",
    "Run",
    "extend_plan",
    "load_record",
    "load_run",
    "open_results",
    "save_record",
]
