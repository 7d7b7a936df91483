"""A federation in one process: the nodes' own code, a network and clocks that misbehave as they are told."""
