"""One training for all networks that classify cut-out regions: samples, augmentation, loop, folds, bundle.

In come regions cut as the system itself cuts them, with a label and a patient each; out goes the network of the best
check with its history, a table over folds or runs, or the files of a bundle. torch is imported when needed.
"""
