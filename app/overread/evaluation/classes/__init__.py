"""The systems that say what a lesion is: read with the truth's regions or their own, counted as their papers were.

In: a bundle of multiphase-characterisation, noncontrast-triage or mvi-prediction and cases with truth. Each case is
kept as a `ClassCase`; `CLASS_WAYS` says how each system is measured and counted.
"""

from overread.evaluation.classes.case import ClassCase
from overread.evaluation.classes.counting import CLASS_WAYS

__all__ = ["CLASS_WAYS", "ClassCase"]
