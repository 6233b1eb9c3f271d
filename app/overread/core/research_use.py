"""The line that stands on every window, picture and file that could be taken for more than it is."""

RESEARCH_USE = "Research use. Not a medical device."
