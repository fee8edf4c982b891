"""Own what people who are signed in see and do."""
