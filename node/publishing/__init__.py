"""The only door out: the privacy gate, pseudonyms, signing."""
