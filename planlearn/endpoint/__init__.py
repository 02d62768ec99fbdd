"""Prompts -> completions, by somebody else's server: any endpoint that speaks OpenAI's chat completions.

Takes an `Endpoint` (address, model, how patient to be, prices) and `Prompt`s; gives `Completion`s, so that whatever measures a model of
ours measures one behind an address. `settings` says what may be written down, `reply` reads what came back, `client` asks.

A wrong answer is a completion. An answer that did not come is one too, with stop MISSING and the reason, and nothing counts it as wrong.
What no second question mends (a wrong key, an unknown model, a server that is not there or has stopped answering) is an `EndpointError`.
"""

from planlearn.endpoint.client import complete
from planlearn.endpoint.settings import Endpoint, EndpointError

__all__ = ["Endpoint", "EndpointError", "complete"]
