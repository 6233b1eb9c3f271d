"""Recipes, drawn patients, augmentation, the loop, and how a bundle is made of it. torch is imported when needed."""
