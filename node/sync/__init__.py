"""Pulls what members have and we lack."""

from node.sync.pull import pull
from node.sync.restore import confirm_own_log
from node.sync.worker import run_worker, sync_once

__all__ = ["confirm_own_log", "pull", "run_worker", "sync_once"]
