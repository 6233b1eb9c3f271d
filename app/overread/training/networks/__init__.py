"""Networks to compare with, for training alone: variants of KIM-11, and the four others of Kim's search."""
