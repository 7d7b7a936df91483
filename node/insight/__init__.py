"""What the pool knows: signals, dossiers, findings queries."""
