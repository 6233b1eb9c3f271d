"""An evaluation on one page: figures with both intervals, the paper's beside them, what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from overread.evaluation.measured import MARGINS_MM
from overread.evaluation.published import FALSE_POSITIVES, MISSED_BY_TRAINEE_MM, PAPER
from overread.evaluation.rows import BOOTSTRAP, Row
from overread.evaluation.structures import STRUCTURES, UNKNOWN
from overread.evaluation.subsets import KINDS, LESION_SIZES, SLICE_SIZES
from overread.evaluation.summary_parts import (
    PAIRED_HEAD,
    figure_text,
    head_text,
    interval_text,
    paired_rows,
    percent_text,
)
from overread.evaluation.tables import counts_text, markdown_table
from overread.evaluation.twins import SUBSET

_INTERVALS = ("95 %, patients drawn", "95 %, DeLong or exact")
Document = Mapping[str, Any]


def summary_text(document: Document) -> str:
    """The whole summary as Markdown that is legible on a terminal."""
    parts = [
        head_text(document, _what(document)),
        _areas(document),
        _points(document),
        _lesions(document),
        _false_marks(document),
        _placement(document),
        *(_against(comparison) for comparison in document["against"]),
        _timing(document),
        _published(document),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def short_text(document: Document) -> str:
    """The main figures for a terminal, one line each, the paper's below; the rest is in the summary and the tables."""
    name, points = _name(document), list(document["operating"])
    areas = [("slice", r, None, "all", "roc-auc") for r in _readers(document)]
    areas += [("slice", name, None, subset, "roc-auc") for subset in (*_slice_subsets()[1:], *_sites(document), SUBSET)]
    areas += [("slice", name, None, SUBSET, "lesion-scores-higher"), ("patient", name, None, "all", "roc-auc")]
    rates = [
        (level, name, point, "all", metric)
        for point in points
        for level, metrics in (
            ("slice", ("sensitivity", "specificity")),
            ("lesion", ("sensitivity", "false-marks-per-case")),
            ("patient", ("sensitivity", "specificity")),
        )
        for metric in metrics
    ]
    sizes = [("lesion", name, "default", size, "sensitivity") for size in LESION_SIZES]
    placed = [("slice", _name(document), None, "positive", "hot-spot-within-15-mm")]
    rows = [
        [level, reader, subset, point or "", metric.replace("-", " "), *cells]
        for level, reader, point, subset, metric in (*areas, *rates, *sizes, *placed)
        for cells in _cells(document, level=level, reader=reader, point=point, subset=subset, metric=metric)
    ]
    table = _table(("level", "reader", "of", "operating point", "metric"), rows)
    parts = [table, *(_against(comparison) for comparison in document["against"]), _timing(document)]
    printed = [
        f"{p['paper']} printed for its {p['reader']}, on {p['on']}: "
        + ", ".join(f"{key} {p[key]:.2f}" for key in ("sensitivity", "specificity", "auc") if key in p)
        for p in document["published"]
        if "auc" in p
    ]
    return (
        head_text(document, _what(document))
        + "\n"
        + "\n".join(parts)
        + "\n"
        + "\n".join([*printed, document["caution"]])
    )


def _readers(document: Document) -> list[str]:
    """All that have an area, the evaluated system first."""
    return list(dict.fromkeys(r["reader"] for r in document["metrics"] if r["metric"] == "roc-auc"))


def _what(document: Document) -> str:
    n = document["n"]
    return (
        f"{n['slices']:,} slices, {n['slices_positive']:,} with a lesion, {n['slices_neither']:,} with too little of "
        f"one to count; {n['lesions']} lesions"
    )


def _areas(document: Document) -> str:
    name = _name(document)
    rows = [
        [level, name if subset == "all" else f"{name}: {subset}", document["cases_are"], *cells]
        for level, subsets in (("slice", [*_slice_subsets(), SUBSET]), ("patient", ["all"]))
        for subset in [*subsets, *_sites(document)]
        for cells in _cells(document, level=level, subset=subset, reader=name, point=None, metric="roc-auc")
    ]
    rows += [
        [level, reader, document["cases_are"], *cells]
        for level in ("slice", "patient")
        for reader in _readers(document)
        if reader != name
        for cells in _cells(document, level=level, subset="all", reader=reader, point=None, metric="roc-auc")
    ]
    rows += [
        ["slice", f"{p['paper']}, {p['reader']}", p["on"], f"{p['auc']:.2f}", "-", "-", "one-point curve"]
        for p in document["published"]
        if "auc" in p
    ]
    text = "## Area under the ROC curve\n\n" + _table(("level", "reader", "cases"), rows)
    return text + _twins(document)


def _twins(document: Document) -> str:
    twins = document["twins"]
    if twins is None:
        return ""
    text = [f"\nErased twins: {twins['pairs']} positive slices of {twins['cases']} cases drawn again without lesions."]
    text += [
        f"The lesion scores higher in {cells[0]} of the pairs ({cells[1]})."
        for cells in _cells(document, level="slice", subset=SUBSET, metric="lesion-scores-higher")
    ]
    text += [f"Not drawn again: case {item['case']}. {item['why']}" for item in twins["not_redrawn"]]
    return "\n".join(text) + "\n"


def _points(document: Document) -> str:
    rows = [
        [level, point, metric, document["cases_are"], *cells]
        for level in ("slice", "patient")
        for point in document["operating"]
        for metric in ("sensitivity", "specificity", "accuracy")
        for cells in _cells(document, level=level, subset="all", point=point, metric=metric)
    ]
    rows += [
        ["slice", f"{p['paper']}, {p['reader']}", metric, p["on"], percent_text(p[metric]), "-", "-", "-"]
        for p in document["published"]
        for metric in ("sensitivity", "specificity", "accuracy")
        if metric in p
    ]
    thresholds = ", ".join(f"{point} from {value:.3f}" for point, value in document["operating"].items())
    head = ("level", "operating point", "metric", "cases")
    text = f"## Operating points\n\n{thresholds}; chosen on {document['operating_chosen_on']}.\n\n"
    text += _table(head, rows)
    if sites := _sites(document):
        by_site = [
            [site, point, metric, *cells]
            for site in sites
            for point in document["operating"]
            for metric in ("sensitivity", "specificity")
            for cells in _cells(document, level="slice", subset=site, point=point, metric=metric)
        ]
        text += "\nSlices by site:\n\n" + _table(("site", "operating point", "metric"), by_site)
    return text


def _lesions(document: Document) -> str:
    points = ["floor", *document["operating"]]
    margins = [f"margin {m:g} mm" for m in MARGINS_MM]
    rows = [
        [subset, point, *cells]
        for subset in ("all", *LESION_SIZES, *KINDS, *_sites(document), *margins)
        for point in points
        for cells in _cells(document, level="lesion", subset=subset, point=point, metric="sensitivity")
    ]
    text = "## Lesions found\n\nA mark hits within 10 mm of a lesion's mask, one mark a lesion.\n\n"
    text += _table(("lesions", "operating point"), rows)
    by_slice = [
        [subset, point, *cells]
        for subset in _slice_subsets()[1:]
        for point in document["operating"]
        for cells in _cells(document, level="slice", subset=subset, point=point, metric="sensitivity")
    ]
    return text + "\nPositive slices called, by what they show:\n\n" + _table(("slices", "operating point"), by_slice)


def _false_marks(document: Document) -> str:
    points = ["floor", *document["operating"]]
    rows = []
    for metric, subset in (
        ("candidates-per-case", "all"),
        ("repeats-per-case", "all"),
        ("false-marks-per-case", "all"),
        ("false-marks-per-case", "cases without a lesion"),
        ("false-marks-per-case", "cases with a lesion"),
        *(("false-marks-per-case", f"on {structure}") for structure in (*STRUCTURES, UNKNOWN)),
    ):
        found = [
            next(_find(document, level="lesion", subset=subset, point=point, metric=metric), None) for point in points
        ]
        if any(r is not None for r in found):
            label = metric.replace("-", " ") if subset == "all" else f"{metric.replace('-', ' ')}, {subset}"
            rows.append([label, *("-" if r is None else _withinterval_text(r) for r in found)])
    text = markdown_table(("a case", *points), rows)
    return f"## Marks\n\n{text}\n{PAPER} names as false positives: {FALSE_POSITIVES}.\n"


def _placement(document: Document) -> str:
    rows = [
        [subset, row["reader"], row["metric"].replace("-", " "), *_line(document, row)]
        for subset in ("positive", "called")
        for row in _find(document, level="slice", subset=subset)
        if row["metric"].startswith("hot-spot")
    ]
    if not rows:
        return ""
    return "## Where the map is hottest\n\n" + _table(("slices", "reader", "metric"), rows)


def _against(comparison: Mapping[str, Any]) -> str:
    lines = [
        f"## Against {comparison['reader']} ({comparison['kind']})",
        "",
        (
            f"{comparison['cases']} cases read by both, {comparison['cases_not_read']} not. The system calls from "
            f"{comparison['system_calls_from']:.3f}; the other: {comparison['other_calls']}."
        ),
        "",
    ]
    rows = [
        line
        for level, tables in (("patient", comparison["patient_calls"]), ("slice", comparison["slice_calls"]))
        for line in paired_rows(level, tables or {})
    ]
    if rows:
        lines += [markdown_table(PAIRED_HEAD, rows)]
    if comparison["slice_calls"]:
        lines += [f"The {comparison['slice_calls']['remark']}.", ""]
    if (r := comparison["case_ratings"]) is not None:
        p = "not available" if r["p"] is None else f"{r['p']:.4g}"
        lines += [
            (
                f"Case ratings: area {_number(r['system_auc'])} against {_number(r['other_auc'])}, difference "
                f"{_number(r['difference'])} ({_number(r['ci'][0])} to {_number(r['ci'][1])}), p {p} ({r['method']})."
            ),
            "",
        ]
    sizes = [
        [key.replace("_", " "), s["n"], _number(s["mean_mm"], 1), _number(s["sd_mm"], 1)]
        for key, s in comparison["lesions"].items()
        if isinstance(s, dict)
    ]
    mean, sd = MISSED_BY_TRAINEE_MM
    lines += [
        markdown_table((f"{comparison['lesions']['n']} lesions", "n", "mean mm", "SD mm"), sizes),
        f"{PAPER}, on patients: found by the network and missed by its trainee, mean {mean:.0f} mm, SD {sd:.0f}.",
    ]
    return "\n".join(lines) + "\n"


def _timing(document: Document) -> str:
    t = document["timing"]
    rows = [
        [label, *(_number(t[key][part], digits) for part in ("median", "min", "max"))]
        for label, key, digits in (
            ("seconds an image", "seconds_per_image", 4),
            ("seconds per 100 images", "seconds_per_100_images", 2),
        )
    ]
    paper = [p for p in document["published"] if "seconds_per_100_images" in p]
    words = "; ".join(
        f"{p['reader']} {p['seconds_per_image']:g} an image, {p['seconds_per_100_images']:g} per 100 ({p['on']})"
        for p in paper
    )
    return (
        f"## Time\n\n{markdown_table(('', 'median', 'least', 'most'), rows)}\n"
        f"{t['engine']}, {t['precision']}, {t['device']}; {t['cores']} cores, {t['jobs']} "
        f"{'process' if t['jobs'] == 1 else 'processes at once'}; {t['cases']} cases, {t['images']:,} images. "
        f"Counted: {t['protocol']}.\n{PAPER}: {words}.\n"
    )


def _published(document: Document) -> str:
    return "## What the paper printed\n\n" + "\n".join(f"- {remark}" for remark in document["published_remarks"]) + "\n"


def _find(document: Document, **wanted: object) -> Iterator[Row]:
    """Rows with these entries, one for each figure: that of the bootstrap where there is one."""
    rows = [r for r in document["metrics"] if all(r[key] == value for key, value in wanted.items())]
    for row in rows:
        twins = [r for r in rows if _same(r, row)]
        chosen = next((r for r in twins if r["method"] == BOOTSTRAP), twins[0])
        if chosen is row:
            yield row


def _cells(document: Document, **wanted: object) -> Iterator[list[str]]:
    for row in _find(document, **wanted):
        yield _line(document, row)


def _line(document: Document, row: Row) -> list[str]:
    """Value, interval of the bootstrap, the other interval, n."""
    both = [r for r in document["metrics"] if _same(r, row)]
    drawn = next((r for r in both if r["method"] == BOOTSTRAP), None)
    exact = next((r for r in both if r["method"] != BOOTSTRAP), None)
    value = figure_text(row["metric"], row["value"])
    return [value, *("-" if r is None else interval_text(r) for r in (drawn, exact)), counts_text((exact or row)["n"])]


def _same(one: Row, other: Row) -> bool:
    return all(one[key] == other[key] for key in ("level", "subset", "reader", "point", "metric"))


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return markdown_table((*head, "value", *_INTERVALS, "n"), rows)


def _withinterval_text(row: Row) -> str:
    return f"{figure_text(row['metric'], row['value'])} ({interval_text(row)})"


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _name(document: Document) -> str:
    return f"{document['bundle']['system']} {document['bundle']['variant']}"


def _slice_subsets() -> list[str]:
    return ["all", *(f"lesion on the slice {size}" for size in SLICE_SIZES), *KINDS]


def _sites(document: Document) -> list[str]:
    sites = document["n"]["by_site"]
    return [f"site {site}" for site in sites] if len(sites) > 1 else []
