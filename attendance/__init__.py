"""Attendance for offices all over the world: one plain CSV file per office is the truth."""

__version__ = "0.1.0"
