"""There is no verdict.json."""

from stage_contract.stages import gates

gates.Judging.judge = lambda *_, **__: None
