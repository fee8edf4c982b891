"""What attendance is compared with: an application that does nothing, and the one that a user would write instead."""
