"""Pulls what members have and we lack."""

from node.sync.pull import pull
from node.sync.worker import run_worker, sync_once

__all__ = ["pull", "run_worker", "sync_once"]
