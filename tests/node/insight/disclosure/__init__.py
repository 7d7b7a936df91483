"""Disclosure control: the rules, the division, the audit, and those who try to get round them."""
