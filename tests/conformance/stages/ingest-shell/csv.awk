# CSV on standard input -> Parquet on standard output. Needs gawk -b and parquet.awk.
# In the environment: delimiter (empty: guess), header (true, false), LOG_FORMAT, and the files rejects, summary and refused.

BEGIN {
    RS = "\n"
    OPEN = -1
    BROKEN = -2
    BLANK = "([\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)+"
    for (i = 0; i < 256; i++) code[sprintf("%c", i)] = i
    delimiter = ENVIRON["delimiter"]
    has_header = ENVIRON["header"] == "true"
    reported = systime()

    while ((more = next_record()) && record == "") comments = comments (comments ? "," : "") start
    if (!more) refuse("it is empty")
    if (cells < 0) refuse("line " start " has a quote that is not closed, or text after one")
    if (!is_utf8(record)) refuse("line " start " is not encoded as the settings say")
    columns = cells
    name_columns()
    if (has_header) more = next_record()

    parquet_start()
    for (; more; more = next_record()) {
        if (cells == OPEN) reject("malformed line", "a quote that is not closed", columns " cells")
        else if (cells == BROKEN) reject("malformed line", "text after a closing quote", columns " cells")
        else if (record == "" && columns > 1) continue
        else if (cells != columns) reject("malformed line", cells " cells", columns " cells")
        else if (!is_utf8(record)) reject("undecodable line", "bytes that are no UTF-8", "UTF-8")
        else { rows++; parquet_row() }
        if (systime() - reported >= 3) progress()
    }
    parquet_end(rows)
    summarize()
}

# One line, or several if a quoted cell has line breaks. Sets record, start, cell and cells.
# Of a malformed record only the first line is taken: the next lines may be rows.
function next_record(  i) {
    if (!next_line()) return 0
    start = number
    record = line
    if (start == 1) sub(/^\xef\xbb\xbf/, "", line)
    if (delimiter == "" && line !~ /^\r?$/) delimiter = guess(line)
    cells = parse()
    if (cells < 0) {
        number = start
        record = buffer[start]
    }
    sub(/\r$/, "", record)
    if (start == 1) sub(/^\xef\xbb\xbf/, "", record)
    for (i = start; i <= number; i++) delete buffer[i]
    return 1
}

function next_line(  got) {
    if (number + 1 in buffer) {
        line = buffer[++number]
        return 1
    }
    got = (getline line)
    if (got < 0) exit 2
    if (got > 0) buffer[++number] = line
    return got
}

# Fills cell from line and, inside quotes, from the next lines. Returns the number of cells, OPEN or BROKEN.
function parse(  rest, at, value, n) {
    rest = line
    if (!index(rest, "\"")) {
        sub(/\r$/, "", rest)
        n = split(rest, cell, delimiter)
        if (!n) cell[n = 1] = ""
        return n
    }
    for (;;) {
        if (substr(rest, 1, 1) == "\"") {
            value = ""
            do {
                rest = substr(rest, 2)
                while (!(at = index(rest, "\""))) {
                    value = value rest "\n"
                    if (!next_line()) return OPEN
                    record = record "\n" line
                    rest = line
                }
                value = value substr(rest, 1, at - 1)
                rest = substr(rest, at + 1)
                if (substr(rest, 1, 1) == "\"") value = value "\""
            } while (substr(rest, 1, 1) == "\"")
            cell[++n] = value
            if (rest == "" || rest == "\r") return n
            if (index(rest, delimiter) != 1) return BROKEN
        } else {
            at = index(rest, delimiter)
            if (!at) {
                sub(/\r$/, "", rest)
                cell[++n] = rest
                return n
            }
            cell[++n] = substr(rest, 1, at - 1)
            rest = substr(rest, at)
        }
        rest = substr(rest, 2)
    }
}

# The sign that occurs most often outside quotes.
function guess(text,  signs, i, count, best, most) {
    gsub(/"[^"]*"?/, "", text)
    split(",;\t|", signs, "")
    best = ","
    for (i = 1; i <= 4; i++) {
        count = gsub("[" signs[i] "]", "", text)
        if (count > most) {
            most = count
            best = signs[i]
        }
    }
    return best
}

function is_utf8(text) {
    return text !~ /[\x80-\xff]/ || text ~ /^([^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf][\x80-\xbf]|[\xf1-\xf3][\x80-\xbf][\x80-\xbf][\x80-\xbf]|\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf])*$/
}

# Written names come first. Of equal ones the first stays, the next gets a number that no other column has.
function name_columns(  i, k, base, own, taken, used) {
    for (i = 1; i <= columns; i++) {
        header[i] = has_header ? cell[i] : ""
        name[i] = header[i]
        sub("^" BLANK, "", name[i])
        sub(BLANK "$", "", name[i])
        if (name[i] != "") taken[name[i]]
    }
    for (i = 1; i <= columns; i++) {
        own = base = name[i] == "" ? "column_" i : name[i]
        if (name[i] == "" ? base in taken : base in used)
            for (k = 2; (own = base "_" k) in taken; k++) continue
        name[i] = own
        taken[own]
        used[own]
    }
}

function reject(reason, value, expected) {
    rejected++
    reasons[reason]++
    printf "{\"row\": %d, \"reason\": %s, \"file\": %s, \"value\": %s, \"expected\": %s, \"record\": %s}\n", start,
        json(reason), json(ENVIRON["source"]), json(value), json(expected), json(record) >ENVIRON["rejects"]
}

function progress(  form) {
    reported = systime()
    form = ENVIRON["LOG_FORMAT"] == "json" ? "{\"time\": \"" strftime("%Y-%m-%dT%H:%M:%SZ", reported, 1) "\", \"level\": \"info\", \"stage\": \"ingest\", \"event\": \"%d rows read\"}\n" \
        : "info: %d rows read\n"
    printf form, rows >"/dev/fd/3"
    fflush("/dev/fd/3")
}

function summarize(  i, reason, counts) {
    for (reason in reasons) counts = counts (counts ? "," : "") json(reason) ":" reasons[reason]
    printf "{\"rows\":%d,\"rejected\":%d,\"reasons\":{%s},\"delimiter\":%s,\"comments\":[%s],\"columns\":[", rows, rejected,
        counts, json(delimiter), comments >ENVIRON["summary"]
    for (i = 1; i <= columns; i++)
        printf "%s{\"position\":%d,\"written\":%s,\"name\":%s}", (i > 1 ? "," : ""), i, json(header[i]),
            json(name[i]) >ENVIRON["summary"]
    print "]}" >ENVIRON["summary"]
}

function refuse(cause) {
    print cause >ENVIRON["refused"]
    exit 65
}

function json(text,  out) {
    gsub(/["\\]/, "\\\\&", text)
    for (; match(text, /[[:cntrl:]]/); text = substr(text, RSTART + 1))
        out = out substr(text, 1, RSTART - 1) sprintf("\\u%04x", code[substr(text, RSTART, 1)])
    return "\"" out text "\""
}
