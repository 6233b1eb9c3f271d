"""A paragraph for the methods section of a paper: what was done, by whose rules, with which versions and seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARADIGMS = {
    "roc": "a rating for each case (ROC)",
    "lroc": "a rating and one place for each case (LROC)",
    "froc": "any number of rated marks on each case (FROC)",
    "categorical": "a class for each case",
}
FIGURES = {
    "roc-auc": "the area under the empirical ROC curve (Wilcoxon statistic, ties counting half)",
    "inferred-roc-auc": "the area under the ROC curve of the highest mark of each case, a case without a mark tying "
    "with another and ranking below every mark",
    "lroc-auc": "the area under the LROC curve, a diseased case placed wrongly being a miss at every threshold",
    "lroc-pcl": "the share of diseased cases placed rightly at a share of false positives, interpolated linearly",
    "froc-auc": "the area under the FROC curve",
    "afroc-auc": "the area under the AFROC curve (highest false mark of healthy cases against all lesions)",
    "afroc1-auc": "the area under the AFROC1 curve (highest false mark of all cases against all lesions)",
    "wafroc-auc": "the area under the weighted AFROC curve (highest false mark of healthy cases against lesions, each "
    "diseased case counting once)",
    "wafroc1-auc": "the area under the weighted AFROC1 curve (highest false mark of all cases against lesions, each "
    "diseased case counting once)",
    "accuracy": "accuracy",
    "macro-f1": "the plain mean of the classes' F1",
    "f1": "F1, 2 TP / (2 TP + FP + FN)",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "sens": "sensitivity where the curve has a specificity",
    "spec": "specificity where the curve has a sensitivity",
    "partial-auc": "the area under a part of the ROC curve, between two specificities",
    "partial-auc-normalised": "the area between two specificities over their distance",
    "partial-auc-corrected": "the area between two specificities after McClish",
    "partial-auc-sens": "the area right of the ROC curve between two sensitivities",
    "partial-auc-sens-normalised": "the area between two sensitivities over their distance",
    "partial-auc-sens-corrected": "the area between two sensitivities after McClish",
    "maxllf": "the share of the lesions that were marked",
    "maxnlf": "false marks per healthy case",
    "maxnlf-all": "false marks per case",
    "hr-se": "the share of the diseased cases with a mark",
    "hr-sp": "the share of the healthy cases without a mark",
    "expected-utility": "the largest TPF - slope x FPF",
}
METHODS = {
    "or": "Conditions were compared by the method of Obuchowski and Rockette with the degrees of freedom of Hillis "
    "(2007)",
    "dbm": "Conditions were compared by the method of Dorfman, Berbaum and Metz with the degrees of freedom of Hillis "
    "(2008)",
    "ustat": "Areas were compared by U-statistics (Gallas 2006, 2009), which need no crossed design; readers count by "
    "the pairs of cases they read",
    "delong": "Areas of the one reader were compared by the test of DeLong and colleagues (1988)",
    "standalone": "Readers were compared with the system alone by the one-sample test of Hillis (2007, section 5.3), "
    "the system being no sample of systems",
}
GENERALISATIONS = {
    "rrrc": "readers and cases both as samples (RRRC)",
    "frrc": "these readers and a sample of cases (FRRC)",
    "rrfc": "a sample of readers and these cases (RRFC, which says nothing about other patients)",
}
COVARIANCES = {
    "jackknife": "the jackknife over cases, in closed form",
    "delong": "the method of DeLong",
    "unbiased": "unbiased U-statistics",
    "bootstrap": "a bootstrap over patients, diseased and healthy drawn apart",
}
CONVENTIONS = {
    "own": "Where reference programs part, Overread's own convention was followed: curves are the polygons of all "
    "their points, LROC curves end at (1, share localised), a negative Cov2 - Cov3 is set to 0 for random readers and "
    "cases only, and intervals of shares end at 0 and 1",
    "rjafroc": "Where reference programs part, the convention of RJafroc was followed",
    "mrmcaov": "Where reference programs part, the convention of MRMCaov was followed",
    "imrmc": "Where reference programs part, the convention of iMRMC was followed",
}


def methods_text(document: Mapping[str, Any]) -> str:
    """The paragraph, from nothing but the document."""
    settings = settings_of(document)
    sentences = [_who(document), _what(document), *_tests(document, settings), *_tables(document)]
    sentences.append(CONVENTIONS[settings["convention"]])
    versions = ", ".join(f"{name} {version}" for name, version in document["software"].items())
    level = f"{100 * float(settings['level']):g}"
    sentences.append(f"Intervals are at {level} %; p-values are two-sided")
    sentences.append(f"Resampling used the seed {document['seed']} with {settings['resamples']} resamples")
    sentences.append(f"Software: {versions}")
    return ". ".join(sentences) + ".\n"


def settings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, by name."""
    return {row[0]: row[1] for one in document["tables"] if one["name"] == "settings" for row in one["rows"]}


def _who(document: Mapping[str, Any]) -> str:
    data = document["dataset"]
    system = settings_of(document).get("standalone system")
    people = len(data["readers"]) - (system is not None)
    beside = f" and a system ({system})" if system else ""
    lesions = f" and {data['lesions']} lesions" if data.get("lesions") is not None else ""
    crossed = "every one reading all cases under all conditions" if data["crossed"] else "not all reading all cases"
    return (
        f"{_count(people, 'reader')}{beside} read {_count(data['cases'], 'case')} ({data['cases_with_disease']} with "
        f"disease{lesions}) under {_count(len(data['conditions']), 'condition')}, {crossed}, giving "
        f"{PARADIGMS[data['paradigm']]}"
    )


def _what(document: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(row["name"] for row in document["figures"]))
    return "Figures of merit were " + "; ".join(f"{name}: {_meaning(name)}" for name in names)


def _meaning(name: str) -> str:
    base, _, at = name.partition("@")
    return FIGURES[base] + (f", at {at}" if at else "")


def _tests(document: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    sentences = []
    for method, words in METHODS.items():
        rows = [row for row in document["tests"] if row["method"] == method]
        if not rows:
            continue
        to = [name for name in GENERALISATIONS if any(row["generalises_to"] == name for row in rows)]
        covariances = dict.fromkeys(row["covariance"] for row in rows if row["covariance"])
        by = " and ".join(COVARIANCES[name] for name in covariances)
        whom = ", then ".join(GENERALISATIONS[name] for name in to)
        sentences.append(f"{words}, taking {whom}" + (f", with covariances by {by}" if by else ""))
    return sentences


def _tables(document: Mapping[str, Any]) -> list[str]:
    words = {
        "yes-or-no": "Shares have exact intervals (Clopper-Pearson; Wilson's beside them), likelihood ratios those of "
        "the log method (Simel 1991)",
        "mcnemar": "Paired answers were compared by McNemar's exact test",
        "kappa": "Agreement is Cohen's kappa" + (" and Fleiss'" if _has(document, "fleiss") else ""),
        "retention": "Metrics of the surest cases keep ties together, with intervals by a bootstrap over patients in "
        "which the line is drawn anew",
        "times-compared": "Reading times were compared as ratios by a mixed model of paired logarithms with random "
        "readers and cases; of one reader by a paired t test of logarithms",
        "calibration": "Calibration used ten bins of equal width",
        "baseline": "Groups were compared by Kruskal and Wallis' test, chi-square without correction, or Fisher's "
        "exact test where two by two counts below 5 were expected",
        "corrected": "Several comparisons at once were corrected after Holm",
        "power": "Power follows Hillis and colleagues (2011) with this study as the pilot",
    }
    return [sentence for name, sentence in words.items() if _has(document, name)]


def _has(document: Mapping[str, Any], name: str) -> bool:
    return any(one["name"] == name for one in document["tables"])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
