"""Runs GraphQL operations and knows nothing of reports: it could be a package of its own.

engine.py     prepare and execute an operation, open a stream
batch.py      load: many loads of one wave become one call
stream.py     Delivery, Source and Stream: a subscription while it lasts
documents.py  texts that were parsed and validated before
limits.py     how large an operation may be; parsing.py, measuring.py and inputs.py count
cost.py       what an operation costs, told before it runs; planned by cost_planning.py, by the weights of weight.py
errors.py     what a client is told of a failure
"""

from execution.batch import LoadingContext, abandon, load
from execution.cost import Price
from execution.engine import Answer, Engine, Kind, Prepared
from execution.errors import ClientMistake, FormattedError, RequestRefused, present_error
from execution.limits import COST_EXCEEDED, Limits
from execution.stream import Delivery, Source, Stream
from execution.weight import WEIGHT, Weight

__all__ = [
    "COST_EXCEEDED",
    "WEIGHT",
    "Answer",
    "ClientMistake",
    "Delivery",
    "Engine",
    "FormattedError",
    "Kind",
    "Limits",
    "LoadingContext",
    "Prepared",
    "Price",
    "RequestRefused",
    "Source",
    "Stream",
    "Weight",
    "abandon",
    "load",
    "present_error",
]
