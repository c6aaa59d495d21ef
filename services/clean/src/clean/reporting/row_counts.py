"""The numbers of rows in, out, rejected and duplicate, which must add up."""

from stage_contract import LOGGER, ContractError, Draft

from clean.reporting.rejected_rows import RejectedRows


def count_rows(draft: Draft, rejected_rows: RejectedRows, rows_in: int) -> None:
    """Set and log the row counts.

    Raises:
        ContractError: no row is left.
    """
    reasons, duplicates = rejected_rows.reasons(), rejected_rows.duplicate_count()
    draft.rejected = reasons.total()
    if rows_in != draft.rows + draft.rejected + duplicates:
        raise RuntimeError(
            f"{rows_in} rows in are not {draft.rows} + {draft.rejected} + {duplicates}"
        )
    ranked = reasons.most_common()
    if not draft.rows:
        reason, count = ranked[0]
        raise ContractError(
            f"all {rows_in:,} rows were rejected, {count:,} of them for '{reason}', the first:"
            f" {rejected_rows.examples[reason]}; fix the source or the rules in [clean.columns]"
        )
    draft.metrics = {
        "rows_in": rows_in,
        "rejected_by_reason": dict(ranked),
        "duplicates": duplicates,
    }
    for reason, count in ranked:
        example = rejected_rows.examples[reason]
        LOGGER.info("%s rejected for '%s', the first: %s", f"{count:,}", reason, example)
    LOGGER.info(
        "%s rows in, %s out, %s rejected, %s duplicates",
        *(f"{number:,}" for number in (rows_in, draft.rows, draft.rejected, duplicates)),
        extra={"rows_in": rows_in, "rows_out": draft.rows} | draft.metrics,
    )
