"""Any mixture of publishing, syncing, crashing, restoring, cutting, voting, lying and forking: the promises hold.

The nodes are real, and so are their databases and keys; network, clocks and the end of processes are simulated. The
oracle (:mod:`tests.federation.simulation.oracle`) judges after every step. At the end the network heals, and all that
still talk to one another must agree on everything.

``python -m tests.bench.simulation --minutes 30`` runs the same for as long as one likes.
"""

from hypothesis import HealthCheck, Phase, settings

from tests.federation.simulation.machine import Federation

TestFederation = Federation.TestCase
TestFederation.settings = settings(
    max_examples=4,
    stateful_step_count=30,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
