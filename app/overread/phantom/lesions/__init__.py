"""Lesions: what a case holds, how each looks in every image, where it lies, and how it is painted.

In: kind of study, site, seed; the patient's liver. Out: sketches (cheap, no pixels), lesions with their tissues, layers
of paint.
"""
