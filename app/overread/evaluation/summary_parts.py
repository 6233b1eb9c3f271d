"""Parts that the summary of every evaluation has: its head, how a figure and its interval are written, pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
PAIRED_HEAD = ("level", "McNemar of", "n", "both right", "system only", "other only", "neither", "exact p", "mid-p")


def head_text(document: Document, what: str) -> str:
    """Which bundle on which cases, what was not read, what must be known; ``what`` was looked at beside the cases."""
    n, bundle = document["n"], document["bundle"]
    labels = ", ".join(f"{count} {label}" for label, count in n["by_label"].items())
    sites = ", ".join(f"{count} {site}" for site, count in n["by_site"].items())
    lines = [
        f"# {bundle['system']} {bundle['variant']} {bundle['version']} on {n['cases']} cases ({document['cases_are']})",
        "",
        f"**{document['caution']}**",
        "",
        (
            f"{n['cases']} cases ({labels}) of {n['patients']} patients; sites: {sites}. {what}. "
            f"Set {document['cases_digest'][:12]}, evaluated with this bundle's folder "
            f"{_times(document['evaluated_before'])} before."
        ),
    ]
    lines += ["", *(f"- Not read: case {item['case']}. {item['why']}" for item in document["not_read"])]
    lines += [f"- {note}" for note in document["notes"]]
    return "\n".join(lines).rstrip() + "\n"


def interval_text(row: Mapping[str, Any]) -> str:
    """``0.812 to 0.931``, or a dash."""
    low, high = row["ci"]
    return (
        "-"
        if low is None or high is None
        else f"{figure_text(row['metric'], low)} to {figure_text(row['metric'], high)}"
    )


def figure_text(metric: str, value: float | None) -> str:
    """A share in per cent; an area, a count or a ratio as it is; a dash for what is not known."""
    if value is None:
        return "-"
    if "-auc" in metric or metric in ("ece", "brier"):
        return f"{value:.3f}"
    return (
        f"{value:.2f}"
        if metric.endswith(("-per-case", "-median")) or metric.startswith("dlr-")
        else percent_text(value)
    )


def percent_text(value: float) -> str:
    """``81.2 %``."""
    return f"{100 * value:.1f} %"


def paired_rows(level: str, tables: Mapping[str, Any]) -> list[list[object]]:
    """Lines under ``PAIRED_HEAD`` of McNemar tables by metric."""
    return [
        [level, metric, t["n"], t["both_right"], t["only_system_right"], t["only_other_right"], t["neither_right"],
         f"{t['exact_p']:.4g}", f"{t['mid_p']:.4g}"]
        for metric, t in tables.items()
        if isinstance(t, dict)
    ]  # fmt: skip


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if count == 0 else f"{count} times"
