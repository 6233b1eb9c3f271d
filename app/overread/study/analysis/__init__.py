"""From readers' answers to everything that is said about them.

In come answers (core.reader_data) and what is asked of them (``Question``); out go the document `overread.analysis/1`
(``analyse``), its tables, figures and a paragraph for a methods section (``write_outputs``), and the few lines that a
terminal shows (``short_text``).
"""

from overread.study.analysis.document import analyse
from overread.study.analysis.outputs import write_outputs
from overread.study.analysis.question import Plan, Question
from overread.study.analysis.short_text import short_text

__all__ = ["Plan", "Question", "analyse", "short_text", "write_outputs"]
