# Writes Parquet: required columns of UTF-8, plain encoding, no compression. Needs gawk -b.
# cell[1..columns] is a row, name[1..columns] are the columns' names.

function parquet_start(  i) {
    for (i = 0; i < 256; i++) byte[i] = sprintf("%c", i)
    emit("PAR1")
}

function parquet_row(  i, size) {
    for (i = 1; i <= columns; i++) {
        size = length(cell[i])
        page[i] = page[i] fixed(size) cell[i]
        page_bytes += size
    }
    if (++page_rows == 1000 || page_bytes > 1e6) end_page()
}

# A page header: 1 type, 2 and 3 sizes, 5 {1 values, 2 encoding plain, 3 and 4 encodings of levels}.
function end_page(  i, size) {
    pages++
    for (i = 1; i <= columns; i++) {
        size = length(page[i])
        part[i, pages] = "\x15" integer(0) "\x15" integer(size) "\x15" integer(size) "\x2c\x15" integer(page_rows) \
            "\x15" integer(0) "\x15" integer(3) "\x15" integer(3) byte[0] byte[0] page[i]
        page[i] = ""
    }
    group_rows += page_rows
    group_bytes += page_bytes
    page_rows = page_bytes = 0
    if (group_bytes > 8e6) end_group()
}

# A row group: 1 columns, 2 bytes, 3 rows. A column: 2 offset,
# 3 {1 type, 2 encodings, 3 path, 4 codec none, 5 values, 6 and 7 sizes, 9 offset of its first page}.
function end_group(  i, k, size, start, first) {
    first = written
    groups = groups "\x19" list(columns, 12)
    for (i = 1; i <= columns; i++) {
        start = written
        for (k = 1; k <= pages; k++) emit(part[i, k])
        size = integer(written - start)
        groups = groups "\x26" integer(start) "\x1c\x15" integer(6) "\x19" list(2, 5) integer(0) integer(3) \
            "\x19" list(1, 8) text(name[i]) "\x15" integer(0) "\x16" integer(group_rows) \
            "\x16" size "\x16" size "\x26" integer(start) byte[0] byte[0]
    }
    groups = groups "\x16" integer(written - first) "\x16" integer(group_rows) byte[0]
    group_count++
    delete part
    pages = group_rows = group_bytes = 0
}

# The footer: 1 version, 2 schema, 3 rows, 4 row groups.
# An element of the schema: 1 type, 3 repetition, 4 name, 5 children, 6 converted type UTF8.
function parquet_end(rows,  i, footer) {
    if (page_rows) end_page()
    if (group_rows) end_group()
    footer = "\x15" integer(1) "\x19" list(columns + 1, 12) "\x48" text("table") "\x15" integer(columns) byte[0]
    for (i = 1; i <= columns; i++)
        footer = footer "\x15" integer(6) "\x25" integer(0) "\x18" text(name[i]) "\x25" integer(0) byte[0]
    footer = footer "\x16" integer(rows) "\x19" list(group_count, 12) groups byte[0]
    emit(footer fixed(length(footer)) "PAR1")
}

function emit(bytes) { printf "%s", bytes; written += length(bytes) }

function fixed(n) {
    return byte[n % 256] byte[int(n / 256) % 256] byte[int(n / 65536) % 256] byte[int(n / 16777216)]
}

function varint(n,  bytes) {
    for (; n >= 128; n = int(n / 128)) bytes = bytes byte[n % 128 + 128]
    return bytes byte[n]
}

function integer(n) { return varint(2 * n) }

function text(value) { return varint(length(value)) value }

function list(size, type) { return size < 15 ? byte[16 * size + type] : byte[240 + type] varint(size) }
