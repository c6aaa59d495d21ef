"""Structs: the fields that can be columns, their types and their values."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ingest.settings import Settings
from ingest.tables.column_choice import FieldPath, SourceColumns


def fields_of_structs(schema: pa.Schema, settings: Settings) -> Mapping[int, list[FieldPath]]:
    """Return the paths of the fields of each struct by its position, if structs are flattened."""
    if not settings.flatten:
        return {}
    return {
        place: [*_paths(kind)]
        for place, kind in enumerate(schema.types)
        if pa.types.is_struct(kind)
    }


def count_leaves(kind: pa.DataType) -> int:
    """Return the number of columns in which Parquet stores values of a type."""
    if isinstance(kind, pa.BaseExtensionType):
        return count_leaves(kind.storage_type)
    if pa.types.is_dictionary(kind) or not pa.types.is_nested(kind):
        return 1
    return sum(count_leaves(kind.field(index).type) for index in range(kind.num_fields))


def leaf_index(kind: pa.DataType, path: FieldPath) -> int:
    """Return how many columns of Parquet are before the field of a struct."""
    if not path:
        return 0
    index = kind.get_field_index(path[0])
    before = sum(count_leaves(kind.field(number).type) for number in range(index))
    return before + leaf_index(kind.field(index).type, path[1:])


def type_of_field(kind: pa.DataType, path: FieldPath) -> pa.DataType:
    """Return the type of the field of a struct; of the value itself if the path is empty."""
    return kind if not path else type_of_field(kind.field(path[0]).type, path[1:])


def values_of_field(values: pa.Array, path: FieldPath) -> pa.Array:
    """Return the values of a field; they are null where the struct is null."""
    if not path:
        return values
    index = values.type.get_field_index(path[0])
    return values_of_field(pc.struct_field(values, [index]), path[1:])


def read_columns(stored: pa.RecordBatch, columns: SourceColumns) -> pa.RecordBatch:
    """Return the columns that are read; `stored` has all columns at their places, in order."""
    index = {place: number for number, place in enumerate(columns.places)}
    arrays = [values_of_field(stored.column(index[each.place]), each.path) for each in columns.read]
    return pa.RecordBatch.from_arrays(arrays, names=[each.name for each in columns.read])


def _paths(kind: pa.DataType) -> Iterator[FieldPath]:
    for index in range(kind.num_fields):
        field = kind.field(index)
        if pa.types.is_struct(field.type):
            yield from ((field.name, *path) for path in _paths(field.type))
        else:
            yield (field.name,)
