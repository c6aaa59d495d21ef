"""Counts of the rows, for the log and the manifest."""

from stage_contract import LOGGER, ContractError, Draft

from clean_sql.rejecting import Counts


def account(draft: Draft, counts: Counts, rows_in: int) -> None:
    """Write the counts to manifest and log; they must add up.

    Raises:
        ContractError: No row is left.
    """
    draft.rejected = counts.reasons.total()
    if rows_in != draft.rows + draft.rejected + counts.duplicates:
        raise RuntimeError(
            f"{rows_in} rows in are not {draft.rows} + {draft.rejected} + {counts.duplicates}"
        )
    ranked = counts.reasons.most_common()
    if not draft.rows:
        reason, count = ranked[0]
        raise ContractError(
            f"all {rows_in:,} rows were rejected, {count:,} of them for '{reason}', the first:"
            f" {counts.examples[reason]}; fix the source or the rules"
        )
    draft.metrics = {
        "rows_in": rows_in,
        "rejected_by_reason": dict(ranked),
        "duplicates": counts.duplicates,
    }
    for reason, count in ranked:
        LOGGER.info(
            "%s rejected for '%s', the first: %s", f"{count:,}", reason, counts.examples[reason]
        )
    LOGGER.info(
        "%s rows in, %s out, %s rejected, %s duplicates",
        *(f"{number:,}" for number in (rows_in, draft.rows, draft.rejected, counts.duplicates)),
        extra={"rows_in": rows_in, "rows_out": draft.rows} | draft.metrics,
    )
