"""Tables of no stage are ignored."""

from stage_contract import pipelines

pipelines.TABLES = (*pipelines.TABLES, "fetures")
