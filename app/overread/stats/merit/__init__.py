"""Figures of merit, one file per family.

In comes a study (`core.reader_data.ReaderData`), out come the figures of all its readers under all its conditions and
their values without each case (`cells.Cells`), or its operating curves; `figures.figure_cells` takes them by name.
"""
