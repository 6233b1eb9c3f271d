"""hbp-detection (Kim 2020): is there an HCC in this hepatobiliary-phase slice, and where?

The same rooms as every system: ``prepare`` (slices as the network sees them), ``network`` (KIM-11, torch),
``findings`` (from maps to candidates), ``system`` (the whole way).
"""
