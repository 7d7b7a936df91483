"""Who may sign in, what they may do, and the log of what they read."""
