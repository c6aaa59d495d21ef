"""Unknown settings are ignored."""

from stage_contract.stages.pipelines import Pipeline

_table = Pipeline.table


def table(self, stage):
    return {key: value for key, value in _table(self, stage).items() if key == "columns"}


Pipeline.table = table
