"""Workloads that are more than requests and answers."""

from argparse import Namespace
from collections.abc import Callable, Mapping

from bench.measuring import Rounds

SPECIALS: Mapping[str, Callable[[Namespace], Rounds]] = {}
