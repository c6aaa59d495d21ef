"""Tables of no stage are ignored."""

from stage_contract.stages import pipelines

pipelines.TABLES = (*pipelines.TABLES, "fetures")
