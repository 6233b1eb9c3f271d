"""What is shown, as plain state without Qt: viewports, windows, overlays, findings, and the arithmetic of
drawing them.

In: volumes, pixels, readings and heatmaps. Out: numbers, arrays and sentences that a widget only has to draw.
"""
