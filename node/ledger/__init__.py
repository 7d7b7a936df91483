"""Our own logs and everybody's replicas: append, accept, project, check."""
