"""The catalogues of languages, and what brings them in step with the texts in the code."""
