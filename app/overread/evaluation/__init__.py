"""Figures on test sets: cohorts of phantoms on disk, slices, lesions and patients counted, trivial readers beside."""
