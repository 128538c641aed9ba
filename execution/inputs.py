"""Variables as a client sent them, counted before anything is made of them."""

from collections.abc import Mapping
from typing import Any

from execution.errors import BAD_USER_INPUT
from execution.limits import Limits, exceeded


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raises RequestRefused for a list that is too long, for values nested too deep, or for too many of them."""
    count = 0
    stack: list[tuple[Any, int]] = [(value, 1) for value in variables.values()]
    while stack:
        value, depth = stack.pop()
        count += 1
        if count > limits.input_values:
            words = "The variables have more than {limit} values ({value} or more)."
            raise exceeded("input_values", words, limits.input_values, count, BAD_USER_INPUT)
        if not isinstance(value, (list, dict)):
            continue
        if depth > limits.input_depth:
            words = "The variables are nested {value} deep; at most {limit} is taken."
            raise exceeded("input_depth", words, limits.input_depth, depth, BAD_USER_INPUT)
        if isinstance(value, list) and len(value) > limits.list_items:
            words = "A list in the variables has {value} entries; at most {limit} are taken."
            raise exceeded("list_items", words, limits.list_items, len(value), BAD_USER_INPUT)
        if len(value) > limits.input_values:
            words = "The variables have {value} values in one object; at most {limit} are taken."
            raise exceeded("input_values", words, limits.input_values, len(value), BAD_USER_INPUT)
        stack += [(each, depth + 1) for each in (value if isinstance(value, list) else value.values())]
