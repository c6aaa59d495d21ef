"""Count the rows in, out, rejected and duplicate, and check that they add up."""

from stage_contract import LOGGER, ContractError, Draft

from clean.reporting.rejected_rows import RejectedRows

_MAX_DUPLICATE_SHARE = 0.1
"""Maximum share of duplicates without a warning."""


def count_rows(draft: Draft, rejected_rows: RejectedRows, *, rows_in: int, has_key: bool) -> None:
    """Set and log the row counts; with a key, duplicates are expected and need no warning.

    Raises:
        ContractError: No row is left.
    """
    reasons, duplicates = rejected_rows.reasons(), rejected_rows.duplicate_count()
    draft.rejected = reasons.total()
    if rows_in != draft.rows + draft.rejected + duplicates:
        raise RuntimeError(
            f"{rows_in} rows in, but {draft.rows} out + {draft.rejected} rejected"
            f" + {duplicates} duplicates"
        )
    by_frequency = reasons.most_common()
    if not draft.rows:
        reason, count = by_frequency[0]
        raise ContractError(
            f"all {rows_in:,} rows were rejected, {count:,} of them for '{reason}', the first:"
            f" {rejected_rows.examples[reason]}; fix the source or the rules in [clean.columns]"
        )
    draft.metrics = {
        "rows_in": rows_in,
        "rejected_by_reason": dict(by_frequency),
        "duplicates": duplicates,
    }
    for reason, count in by_frequency:
        example = rejected_rows.examples[reason]
        LOGGER.info("%s rejected for '%s', the first: %s", f"{count:,}", reason, example)
    LOGGER.info(
        "%s rows in, %s out, %s rejected, %s duplicates",
        *(f"{number:,}" for number in (rows_in, draft.rows, draft.rejected, duplicates)),
        extra={"rows_in": rows_in, "rows_out": draft.rows} | draft.metrics,
    )
    if not has_key and duplicates > _MAX_DUPLICATE_SHARE * rows_in:
        LOGGER.warning(
            "%s of %s rows equal an earlier row, and went to rejects/; if they are separate"
            ' records, set duplicates = "keep" in [clean]',
            f"{duplicates:,}",
            f"{rows_in:,}",
        )
