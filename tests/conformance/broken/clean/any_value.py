"""A setting of the wrong type is replaced by the default."""

from stage_contract.stages.pipelines import Pipeline

Pipeline.keep = lambda _self, _stage: 5
