"""A simulated federation on bad days, for as long as one likes: ``python -m tests.bench.simulation --minutes 30``.

The same as ``tests/federation/simulation``, without an end. Prints what has happened; the first broken promise ends it
with the steps that led there, and a seed with which Hypothesis takes the same steps again. Keys and lots inside the
nodes are drawn anew each time, so a rare failure may need a few repetitions.
"""

import argparse
import secrets
import sys
import time
from typing import Final

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.federation.simulation.machine import Federation

_EXAMPLES: Final = 10
"""Between two looks at the clock: about a minute."""


def main() -> None:
    """Run until the time is over or a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--steps", type=int, default=40, help="in each run, at most")
    parser.add_argument("--seed", type=int, default=None, help="that was printed with a failure")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    end = time.monotonic() + arguments.minutes * 60
    while time.monotonic() < end:
        drawn = secrets.randbelow(2**32) if arguments.seed is None else arguments.seed
        try:
            _run(drawn, arguments.steps)
        except AssertionError:
            sys.stderr.write(f"Found with --seed {drawn} --steps {arguments.steps}\n")
            raise
        finally:
            _report()
        if arguments.seed is not None:
            break


def _run(drawn: int, steps: int) -> None:
    chosen = settings(
        max_examples=_EXAMPLES,
        stateful_step_count=steps,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(drawn)(Federation), settings=chosen)


def _report() -> None:
    rows = "".join(f"{name:32} {count:9,}\n" for name, count in sorted(Federation.counts.items()))
    sys.stdout.write(f"{rows}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
