"""Images and what was found on them: the viewport, the slice strip, candidates, the run."""
