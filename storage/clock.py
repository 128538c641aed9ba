"""The clock that everything in this process goes by."""

import time


def now_in_micros() -> int:
    """This machine's clock, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000
