"""How workers are killed: at once, and it is waited until others are in their place."""

import os
import signal
from random import Random

from tests.servers import Server, wait_until

WORKERS = 3


def kill_workers(server: Server, random: Random, number: int) -> int:
    """Kill so many workers, wait until there are others in their place, and return how many it were."""
    victims = random.sample(server.workers(), number)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)

    def are_replaced() -> bool:
        workers = server.workers()
        return len(workers) == WORKERS and not set(victims) & set(workers) and server.answers()

    wait_until(are_replaced, 20)
    return number
