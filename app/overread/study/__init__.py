"""Readings of people: what a reader marks, what a system adds, and what becomes of it.

In come the reader's marks and verdicts and the systems' readings; out go sealed readings (core.reading), a record
that keeps every event, and exports. No Qt, no image library.
"""
