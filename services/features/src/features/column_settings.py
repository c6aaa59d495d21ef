"""Settings of single columns: the tables [features.columns.<name>] of the pipeline."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictInt, StrictStr, model_validator

MAX_WORDS = 1_000


class ColumnSetting(BaseModel, frozen=True, extra="forbid"):
    """Encoding of one column, if its type does not determine it."""

    encoding: Literal["text"] | None = None
    """Text: a feature for each frequent word. It is never inferred; the log suggests it."""

    max_words: Annotated[int, Field(ge=1, le=MAX_WORDS)] = 200
    """For a text: maximum number of words and pairs that become features, most frequent first."""

    ngram_range: tuple[Literal[1], Literal[1, 2]] = (1, 1)
    """For a text: [1, 2] also makes features of pairs of neighbouring words, within max_words."""

    order: Annotated[tuple[StrictStr | StrictInt, ...], Field(min_length=2)] | None = None
    """Categories from the lowest to the highest: one ordinal feature instead of one each."""

    @model_validator(mode="after")
    def _has_one_encoding(self) -> Self:
        if self.order is not None and self.encoding is not None:
            raise ValueError("order is for categories, encoding for texts; leave one of them out")
        for name in ("max_words", "ngram_range"):
            if name in self.model_fields_set and self.encoding != "text":
                raise ValueError(f'{name} is set, but encoding is not; expected encoding = "text"')
        if self.order is not None and len(set(map(str, self.order))) < len(self.order):
            raise ValueError(f"order = {list(self.order)}: expected each category once")
        return self
