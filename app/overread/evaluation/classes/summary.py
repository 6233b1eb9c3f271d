"""An evaluation of a system of classes on one page: our figures, the paper's in the same tables, what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from overread.evaluation.classes.published import is_like
from overread.evaluation.rows import BOOTSTRAP, Row
from overread.evaluation.summary_parts import PAIRED_HEAD, figure_text, head_text, interval_text, paired_rows
from overread.evaluation.tables import counts_text, markdown_table

Document = Mapping[str, Any]
_HEAD = ("of", "reader", "rule or point", "metric", "cases", "value", "95 %, patients drawn", "95 %, other", "n")
_TITLES = {"patient": "Patients", "region": "Regions (one on a slice)", "slice": "Slices", "lesion": "Lesions"}


def class_summary(document: Document) -> str:
    """The whole summary as Markdown that is legible on a terminal."""
    parts = [
        head_text(document, _what(document)),
        *(f"## {_title(name)}\n\n{_table_text(table)}" for name, table in document["tables"].items()),
        *(_level(document, level) for level in _TITLES),
        *(_against(found) for found in document["against"]),
        _timing(document),
        _published(document),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def class_short(document: Document) -> str:
    """The main figures for a terminal: all cases, the system and the trivial readers; the paper's beside them."""
    rows = [
        [level, *line[1:]]
        for level in _TITLES
        for row in _chosen(document, level, "all")
        if level == "patient" or row["metric"].startswith(("roc-auc", "accuracy", "sensitivity", "false"))
        for line in [_line(document, row), *_paper_lines(document, row, is_short=True)]
    ]
    parts = [
        head_text(document, _what(document)),
        _table_text(document["tables"]["confusion"]),
        markdown_table(("level", *_HEAD[1:]), rows),
        _timing(document),
        document["caution"],
    ]
    return "\n".join(parts)


def _what(document: Document) -> str:
    n = document["n"]
    return f"{n['regions']:,} regions looked at, {n['no_region']} cases without one; {n['lesions']} lesions"


def _level(document: Document, level: str) -> str:
    rows = []
    for subset in dict.fromkeys(r["subset"] for r in document["metrics"] if r["level"] == level):
        for row in _chosen(document, level, subset):
            rows += [_line(document, row), *_paper_lines(document, row)]
    return f"## {_TITLES[level]}\n\n{markdown_table(_HEAD, rows)}" if rows else ""


def _chosen(document: Document, level: str, subset: str) -> Iterator[Row]:
    """One row for each figure: that of the bootstrap where there is one, else the first."""
    seen = set()
    for row in document["metrics"]:
        key = _key(row)
        if row["level"] != level or row["subset"] != subset or key in seen:
            continue
        seen.add(key)
        yield next((r for r in document["metrics"] if _key(r) == key and r["method"] == BOOTSTRAP), row)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("level", "subset", "reader", "point", "metric"))


def _line(document: Document, row: Row) -> list[str]:
    """A row with both intervals."""
    both = [r for r in document["metrics"] if _key(r) == _key(row)]
    drawn = next((r for r in both if r["method"] == BOOTSTRAP), None)
    others = [f"{interval_text(r)} {r['method']}" for r in both if r["method"] != BOOTSTRAP]
    others = [text for text in others if not text.startswith("- ")] or ["-"]
    return [
        row["subset"],
        row["reader"],
        row["point"] or "",
        row["metric"].replace("-", " "),
        document["cases_are"],
        figure_text(row["metric"], row["value"]),
        "-" if drawn is None else interval_text(drawn),
        "; ".join(others),
        counts_text(row["n"]),
    ]


def _paper_lines(document: Document, row: Row, *, is_short: bool = False) -> list[list[str]]:
    """What the paper printed of the same figure, below the system's own: its like, and unless short, its readers."""
    variant = document["bundle"]["variant"]
    if row["reader"] != f"{document['bundle']['system']} {variant}":
        return []
    return [
        [
            row["subset"],
            f"{entry['paper']}: {entry['reader']}",
            row["point"] or "",
            row["metric"].replace("-", " "),
            entry["on"],
            figure_text(row["metric"], entry["value"]),
            f"SD {entry['sd']:.2f}" if "sd" in entry else "-",
            interval_text({"metric": row["metric"], "ci": entry.get("ci", [None, None])}),
            "",
        ]
        for entry in document["published"]
        if is_like(entry, variant) or (not is_short and entry["reader"].startswith("radiologist"))
        if not (is_short and entry["on"].endswith("training"))
        if all(entry[key] == row[key] for key in ("level", "subset", "point", "metric"))
    ]


def _against(found: Mapping[str, Any]) -> str:
    head = f"## Against {found['reader']} ({found['kind']})\n\n"
    words = f"{found['cases']} cases called by both, {found['cases_not_read']} not.\n\n"
    return head + words + markdown_table(PAIRED_HEAD, paired_rows("patient", found["class_calls"]))


def _timing(document: Document) -> str:
    t = document["timing"]
    each = t["seconds_per_study"]
    return (
        f"## Time\n\n{each['median']} s a study (median; {each['min']} to {each['max']}). {t['engine']}, "
        f"{t['precision']}, {t['device']}; {t['cores']} cores, {t['jobs']} "
        f"{'process' if t['jobs'] == 1 else 'processes at once'}; {t['cases']} cases. Counted: {t['protocol']}.\n"
    )


def _published(document: Document) -> str:
    """Everything of the paper's, and what must be known to read it."""
    rows = [
        [
            f"{e['paper']}: {e['reader']}",
            e["on"],
            e["level"],
            e["point"] or "",
            e["metric"].replace("-", " "),
            figure_text(e["metric"], e["value"]),
            f"SD {e['sd']:.2f}" if "sd" in e else interval_text({**e, "ci": e.get("ci", [None, None])}),
        ]
        for e in document["published"]
    ]
    head = ("reader", "on", "level", "rule or point", "metric", "value", "95 % or SD")
    remarks = "\n".join(f"- {remark}" for remark in document["published_remarks"])
    return f"## What the paper printed\n\n{remarks}\n\n{markdown_table(head, rows)}"


def _table_text(table: Mapping[str, Any]) -> str:
    rows = [["-" if cell is None else cell for cell in row] for row in table["rows"]]
    return f"{table['remark']}\n\n{markdown_table(table['head'], rows)}"


def _title(name: str) -> str:
    words = name.replace("-", " ")
    return words[0].upper() + words[1:]
