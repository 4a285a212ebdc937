"""What is claimed of the machine, the tests and the demo."""

from __future__ import annotations

from toolkit_adapters.gpu.claims.claim import REFUTED, Claim, Finding, Results, said, step


def _absent(results: Results) -> Finding:
    facts = step(results, "machine", "facts")
    return Finding(REFUTED, f"this report is of {facts['device']}")


def _tests(results: Results) -> Finding:
    files = {key: found for key, found in results.get("suite", {}).items() if "holds" in found}
    if not files:
        raise KeyError("suite")
    counts = [
        sum(len(found[kind]) for found in files.values())
        for kind in ("passed", "skipped", "failed")
    ]
    figure = "{} passed, {} skipped, {} failed".format(*counts)
    return said(all(found["holds"] for found in files.values()), figure)


def _demo(results: Results) -> Finding:
    found = step(results, "demo", "verify")
    return said(found["holds"], "; ".join(found["broken"][:3]) or "all claims and controls hold")


def _device_column(results: Results) -> Finding:
    found = step(results, "demo", "times")
    without = [name for name, times in found.items() if times.get("device") is None]
    figure = f"{len(found) - len(without)} of {len(found)} trackers have device times"
    return said(not without, figure)


CLAIMS = (
    Claim("no-gpu", "nothing here was measured on a GPU", _absent),
    Claim("gpu-tests", "the tests marked gpu pass", _tests),
    Claim("demo-claims", "every claim holds on the demo", _demo),
    Claim("device-column", "a GPU adds a column of device times", _device_column),
)
