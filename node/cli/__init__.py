"""The command hanse."""
