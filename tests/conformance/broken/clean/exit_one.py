"""An input that breaks the contract ends it with 1."""

from stage_contract import ContractError

ContractError.exit_code = 1
