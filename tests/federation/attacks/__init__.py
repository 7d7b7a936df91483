"""What hostile peers try, each attack by the name that the table in ``test_hostile_peers.py`` gives it."""
