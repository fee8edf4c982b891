"""Own what programs call: marks, boards, days as JSON."""
