"""Drills: prove on throw-away ledgers what happens when a process, a disk or the power fails."""
