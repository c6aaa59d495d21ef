-- The rules of cleaning, for DuckDB. Every rule is a macro; the driver applies them to each column of the table.
--
--   1  how a text is read      the contract's "Cleaning one row", which serve applies to a request as well: a file that
--                              reads one of the contract's test vectors otherwise is refused before it meets the table
--   2  which type a column has, unless the pipeline says it
--   3  what breaks a constraint
--   4  which rows are wrong although each of their cells is right   ┐ yours to edit: they see the view `typed`, the rows
--   5  which rows are copies                                        ┘ so far: "@row" (from 1) and each column by its name


-- 1. A text, trimmed and not missing, as a value of a type; NULL if it is not of it.

-- The characters with the Unicode property White_Space.
CREATE MACRO white_space() AS array_to_string(
    list_transform(range(9, 14) || range(8192, 8203) || [32, 133, 160, 5760, 8232, 8233, 8239, 8287, 12288], lambda code: chr(CAST(code AS INTEGER))), ''
);
CREATE MACRO trimmed(text) AS trim(text, white_space());

-- `missing` are the texts that mean it.
CREATE MACRO present(text, missing) AS CASE WHEN text <> '' AND NOT list_contains(missing, text) THEN text END;

CREATE MACRO as_string(text) AS text;

-- Plus 0.0, so that -0.0 and 0.0 are copies.
CREATE MACRO as_number(text) AS CASE
    WHEN regexp_full_match(text, '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?') AND isfinite(TRY_CAST(text AS DOUBLE))
    THEN TRY_CAST(text AS DOUBLE) + 0.0
END;

CREATE MACRO within_2_53(whole) AS CASE WHEN whole BETWEEN -9007199254740992 AND 9007199254740992 THEN whole END;
CREATE MACRO as_integer(text) AS CASE
    WHEN regexp_full_match(text, '[+-]?0*[0-9]{1,16}(\.0*)?')
    THEN within_2_53(TRY_CAST(regexp_replace(text, '\.0*$', '') AS BIGINT))
END;

CREATE MACRO as_boolean(text, true_values, false_values) AS CASE
    WHEN list_contains(true_values, text) THEN true
    WHEN list_contains(false_values, text) THEN false
END;

CREATE MACRO plausible(instant) AS CASE
    WHEN instant >= TIMESTAMP '0001-01-01' AND instant < TIMESTAMP '10000-01-01' THEN instant
END;
CREATE MACRO as_date(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN CAST(plausible(TRY_CAST(text AS DATE)) AS DATE)
END;

CREATE MACRO clock_in(zone, utc) AS timezone(zone, timezone('UTC', utc));
CREATE MACRO utc_by(zone, clock, nearby) AS clock - (clock_in(zone, nearby) - nearby);
CREATE MACRO if_shown(zone, clock, utc) AS CASE WHEN clock_in(zone, utc) = clock THEN utc END;
-- Of an hour that happens twice the first; of an hour that does not exist nothing.
CREATE MACRO utc_of(clock, zone) AS CASE WHEN zone = 'UTC' THEN clock ELSE coalesce(
    if_shown(zone, clock, utc_by(zone, clock, clock - INTERVAL 1 DAY)),
    if_shown(zone, clock, utc_by(zone, clock, clock + INTERVAL 1 DAY))
) END;

CREATE MACRO clock_of(text) AS TRY_CAST(regexp_extract(text, '^[^ T]+([ T][0-9:]+(\.[0-9]{1,6})?)?') AS TIMESTAMP);
CREATE MACRO part_of_offset(text, part) AS regexp_extract(text, '([+-])([0-9]{2}):?([0-9]{2})?$', part);
CREATE MACRO minutes_of(text, part) AS coalesce(TRY_CAST(part_of_offset(text, 1) || part_of_offset(text, part) AS BIGINT), 0);
CREATE MACRO as_datetime(text, zone) AS CAST(plausible(CASE
    WHEN regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?)?') THEN utc_of(clock_of(text), zone)
    WHEN regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)? ?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)')
    THEN clock_of(text) - to_minutes(60 * minutes_of(text, 2) + minutes_of(text, 3))
END) AS TIMESTAMPTZ);


-- 2. The narrowest type that all values of a column have. 01234 is a code, which a number would shorten.

CREATE MACRO is_whole(text) AS regexp_full_match(text, '[+-]?(0|[1-9][0-9]*)');
CREATE MACRO is_code(text) AS regexp_matches(text, '^[+-]?0[0-9]');

CREATE MACRO count_of_types(text, true_values, false_values, zone) AS {
    'present': count(text),
    'whole': count_if(is_whole(text)),
    'boolean': count(as_boolean(text, true_values, false_values)),
    'integer': count_if(is_whole(text) AND as_integer(text) IS NOT NULL),
    'number': count_if(as_number(text) IS NOT NULL AND NOT is_code(text)),
    'date': count(as_date(text)),
    'datetime': count(as_datetime(text, zone))
};

-- Integers beyond ±2^53 stay texts: a double could not hold them.
CREATE MACRO narrowest(n) AS CASE
    WHEN n.present = 0 OR n.whole = n.present AND n.integer < n.present THEN 'string'
    WHEN n.boolean = n.present THEN 'boolean'
    WHEN n.integer = n.present THEN 'integer'
    WHEN n.number = n.present THEN 'number'
    WHEN n.date = n.present THEN 'date'
    WHEN n.datetime = n.present THEN 'datetime'
    ELSE 'string'
END;

-- A type that all but 1 % of the values of a string column have may well be meant: the driver warns.
CREATE MACRO nearly(n) AS CASE
    WHEN n.present = 0 THEN NULL
    WHEN n.integer >= 0.99 * n.present THEN 'integer'
    WHEN n.number >= 0.99 * n.present THEN 'number'
    WHEN n.boolean >= 0.99 * n.present THEN 'boolean'
    WHEN n.date >= 0.99 * n.present THEN 'date'
    WHEN n.datetime >= 0.99 * n.present THEN 'datetime'
END;


-- 3. Whether a value breaks a constraint of its column; a missing one breaks nothing but `required`.

CREATE MACRO breaks_required(value, required) AS required AND value IS NULL;
CREATE MACRO breaks_minimum(value, bound) AS value < bound;
CREATE MACRO breaks_maximum(value, bound) AS value > bound;
CREATE MACRO breaks_exclusive_minimum(value, bound) AS value <= bound;
CREATE MACRO breaks_exclusive_maximum(value, bound) AS value >= bound;
CREATE MACRO breaks_min_length(value, characters) AS length(value) < characters;
CREATE MACRO breaks_max_length(value, characters) AS length(value) > characters;
CREATE MACRO breaks_pattern(value, pattern) AS NOT regexp_full_match(value, pattern);
CREATE MACRO breaks_enum(value, choices) AS NOT list_contains(choices, value);


-- 4. Rows to reject for what no single cell shows, with the reason in words; serve, which sees one row, does not apply it.
--    For example: SELECT "@row", 'arrives before it departs' AS reason FROM typed WHERE arrival < departure

CREATE VIEW wrong_rows AS
    SELECT "@row", '' AS reason FROM typed WHERE false;


-- 5. Copies, each with the first row that it is a copy of: here a row of which every value is the same.
--    One row for each customer instead: SELECT "@row", min("@row") OVER (PARTITION BY customer) AS first FROM typed

CREATE VIEW copies AS
    SELECT "@row", min("@row") OVER (PARTITION BY digest) AS first
    FROM (SELECT "@row", md5_number(CAST(to_json(row(*COLUMNS(* EXCLUDE "@row"))) AS VARCHAR)) AS digest FROM typed)
    QUALIFY "@row" > first;
