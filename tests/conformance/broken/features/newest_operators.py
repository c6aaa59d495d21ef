"""The graph imports operators that readers need not know."""

from features.preprocessing import graph_builder

graph_builder.OPSETS[""] = 22
