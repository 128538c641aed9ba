"""Runs GraphQL operations and knows nothing of reports: it could be a package of its own.

engine.py     prepare and execute an operation (prepared.py, operation.py) within a time (in_time.py), open a stream; answer.py is
              what comes of it
readings.py   how a field finds its value; asked.py and given.py: what with; coercing.py: what it was sent, as its types have it
plan.py       an operation compiled: fields and selections (planned.py), with generated code (written.py) that writes objects
run.py        finds the values of a plan, breadth first, in instances (instance.py), by calls.py
writing.py    writes the answer of them, lists (shape.py) of scalars and enums (leaves.py); replay.py has graphql-core do it where
              there are errors, or no plan
sharing.py    with whom an answer may be shared
batch.py      load: many loads of one wave become one call, for graphql-core
stream.py     Delivery, Source and Stream: a subscription while it lasts
documents.py  texts that were parsed and validated before
limits.py     how large an operation may be; parsing.py, measuring.py and inputs.py count
cost.py       what an operation costs, told before it runs; planned by cost_planning.py, by the weights of weight.py, and
              introspection by introspecting.py
errors.py     what a client is told of a failure
"""

from execution.answer import Answer
from execution.batch import LoadingContext, abandon, load
from execution.cost import Price
from execution.engine import Counted, Engine
from execution.errors import ClientMistake, FormattedError, RequestRefused, present_error
from execution.limits import COST_EXCEEDED, Limits, TooDear
from execution.operation import Kind
from execution.prepared import Prepared
from execution.stream import Delivery, Source, Stream
from execution.weight import WEIGHT, Weight

__all__ = [
    "COST_EXCEEDED",
    "WEIGHT",
    "Answer",
    "ClientMistake",
    "Counted",
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
    "TooDear",
    "Weight",
    "abandon",
    "load",
    "present_error",
]
