"""The records of the input are replaced by what its manifest says."""

from stage_contract.stages import pipeline_records

pipeline_records.read_run = lambda _artifact: {}
