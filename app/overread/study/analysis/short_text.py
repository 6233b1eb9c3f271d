"""The few lines of an analysis that a terminal shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from overread.study.analysis.methods_text import settings_of
from overread.study.analysis.tables import p_text

MOST_READERS = 8
MOST_WARNINGS = 8
METHODS = {"or": "OR", "dbm": "DBM", "ustat": "U-statistics", "delong": "DeLong", "standalone": "standalone"}


def short_text(document: Mapping[str, Any]) -> str:
    """What was read, each figure with its tests, what could not be told, and by whose rules."""
    settings = settings_of(document)
    names = dict.fromkeys(row["name"] for row in document["figures"])
    parts = [_head(document), *(_figure(document, name, float(settings["level"])) for name in names)]
    parts += [_table(document, name, title) for name, title in
              (("times-compared", "Reading times"), ("power", "Planning"))]  # fmt: skip
    parts.append(_warnings(document["warnings"]))
    versions = ", ".join(f"{name} {version}" for name, version in document["software"].items())
    parts.append(f"Convention {settings['convention']}, seed {document['seed']}; {versions}.")
    return "\n\n".join(part for part in parts if part)


def _head(document: Mapping[str, Any]) -> str:
    data = document["dataset"]
    lesions = f", {data['lesions']} lesions" if data.get("lesions") is not None else ""
    crossed = "crossed" if data["crossed"] else "not crossed"
    system = settings_of(document).get("standalone system")
    alone = f"; {system} stands alone" if system else ""
    conditions, readers = len(data["conditions"]), len(data["readers"])
    return (
        f"{data['paradigm'].upper()}: {conditions} condition{'s' * (conditions != 1)}, "
        f"{readers} reader{'s' * (readers != 1)}, {data['cases']} cases "
        f"({data['cases_with_disease']} with disease{lesions}), {crossed}{alone}"
    )


def _figure(document: Mapping[str, Any], name: str, level: float) -> str:
    rows = [row for row in document["figures"] if row["name"] == name and row["subset"] is None]
    readers = list(dict.fromkeys(row["reader"] for row in rows if row["reader"] is not None))
    has_mean = any(row["reader"] is None for row in rows)
    shown = readers if len(readers) <= MOST_READERS else []
    head = ["condition", *(["mean", f"{100 * level:g} %"] if has_mean else []), *shown]
    lines = []
    for condition in dict.fromkeys(row["condition"] for row in rows):
        of = {row["reader"]: row for row in rows if row["condition"] == condition}
        mean = of.get(None)
        cells = [condition]
        if has_mean:
            cells += [_number(mean and mean["value"]), _interval(mean and mean["ci"]) or "not available"]
        cells += [_number(of[reader]["value"]) if reader in of else "-" for reader in shown]
        if not has_mean and len(shown) == 1 and shown[0] in of:
            cells[-1] += f"  {_interval(of[shown[0]]['ci'])}"
        lines.append(cells)
    rows = [row for row in document["tests"] if row["figure"] == name]
    is_first = name == document["figures"][0]["name"]
    has_result = any(row["generalises_to"] == "rrrc" for row in rows)
    kept = [row for row in rows if is_first or not has_result or row["generalises_to"] == "rrrc"]
    tests = [row for row in kept if not _is_told_elsewhere(row, len(lines))]
    text = f"{name}\n{_aligned(head, lines)}"
    return f"{text}\n{_aligned_tests(tests)}" if tests else text


def _is_told_elsewhere(row: Mapping[str, Any], conditions: int) -> bool:
    """Readers alone, for whom there is the document, and what says the same a second time."""
    is_twice = "(2T-" in row["contrast"] or (row["contrast"] == "all conditions" and conditions < 3)
    return "|" in row["contrast"] or is_twice


def _aligned_tests(tests: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            row["contrast"], _signed(row["difference"]), _interval(row["ci"]), _statistic(row),
            f"p {'= ' if row['p'] is not None and row['p'] >= 0.0001 else ''}{p_text(row['p'])}", how(row),
        ]
        for row in tests
    ]  # fmt: skip
    return _aligned(["comparison", "difference", "interval", "statistic", "p", "by"], rows)


def how(row: Mapping[str, Any]) -> str:
    """How a p-value was got: method, covariance, generalisation."""
    covariance = "" if row["method"] == row["covariance"] else row["covariance"]
    parts = METHODS[row["method"]], covariance, (row["generalises_to"] or "").upper()
    return ", ".join(part for part in parts if part)


def _statistic(row: Mapping[str, Any]) -> str:
    value, df = row["statistic"], row["df"]
    if value is None:
        return "-"
    if isinstance(df, list):
        return f"F({df[0]:g}, {'inf' if df[1] is None else f'{df[1]:.4g}'}) = {value:.4g}"
    if row["difference"] is None:
        return f"chi2({df:g}) = {value:.4g}"
    return f"z = {value:.3g}" if df is None else f"t({df:.4g}) = {value:.3g}"


def _table(document: Mapping[str, Any], name: str, title: str) -> str:
    found = next((one for one in document["tables"] if one["name"] == name), None)
    if found is None:
        return ""
    rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
    if name == "power":
        lines = [
            [r["figure"], r["comparison"], r["generalises to"].upper(), f"{r['readers']}", f"{r['cases']}",
             f"{r['difference']:g}", _number(r["power"]), f"{r['cases for 80 %']}"]
            for r in rows
        ]  # fmt: skip
        head = ["figure", "comparison", "for", "readers", "cases", "difference", "power", "cases for 80 %"]
        return f"{title}\n{_aligned(head, lines)}"
    lines = [
        [f"{r['second']} / {r['first']}", r["reader"], _number(r["ratio second / first"]),
         _interval([r["low"], r["high"]]), p_text(r["p"]), r["method"]]
        for r in rows
    ]  # fmt: skip
    return f"{title}\n{_aligned(['ratio', 'reader', 'value', 'interval', 'p', 'by'], lines)}"


def _warnings(warnings: Sequence[str]) -> str:
    rest = len(warnings) - MOST_WARNINGS
    lines = [f"Note: {text}" for text in warnings[:MOST_WARNINGS]]
    return "\n".join([*lines, *([f"and {rest} more; see the document (--json or --out)"] if rest > 0 else [])])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"


def _interval(ci: Sequence[float | None] | None) -> str:
    if ci is None or None in ci:
        return "-" if ci is not None else ""
    return f"{ci[0]:.3f} to {ci[1]:.3f}"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[n]) for row in [list(head), *rows]) for n in range(len(head))]
    lines = [head, *rows]
    return "\n".join("  " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
