"""Private casework: assessments, answers, drafts. Never replicated."""
