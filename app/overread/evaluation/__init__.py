"""Figures on test sets: cohorts of phantoms on disk, slices, lesions and patients counted, trivial readers beside.

In: a bundle and a cases.csv with truth (`evaluate.evaluate`). Out: the document of CONTRACT section 5, tables, figures
and a summary (`outputs.write_outputs`). Each case is read and set beside its truth (`measuring`)
and kept as plain JSON (`measured`); rows are then counted per level (`slices`, `lesions`, `patients`), beside erased
twins (`twins`) and another reader (`comparison`). That is the way of hbp-detection (`detection`); the systems that say
what a lesion is have theirs in `classes`. What both share: `tasks` (a case to read), `run`, `rows`, `tables`.
"""
