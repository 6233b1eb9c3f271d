"""Figures of merit, one file per family."""
