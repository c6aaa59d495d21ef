# The pipeline file as JSON -> {settings, keep}, or {cause, hint} if something in it is wrong.

def pairs: [range(length - 1) as $i | .[$i:$i + 2]];

def closest($known):
  pairs as $own | $known | max_by(pairs | length - (. - $own | length));

def unknown($known; $where):
  keys[] | select(IN($known[]) | not)
  | {cause: "\($where) has an unknown key \(tojson)", hint: "Did you mean \(closest($known))?"};

def wrong($key; valid; $expected):
  .[$key] | select(valid | not) | {cause: "ingest.\($key) is \(tojson)", hint: "Expected \($expected)."};

{source: null, encoding: "utf-8", delimiter: null, header: true, keep: 5} as $defaults
| ["clean", "features", "ingest", "name", "serve", "source", "target", "train"] as $tables
| (if has("ingest") then .ingest else {} end) as $own
| first(
    unknown($tables; "the pipeline file"),
    (to_entries[] | select((.key | IN("clean", "features", "serve", "train")) and (.value | type != "object"))
      | {cause: "\(.key) is \(.value | tojson)", hint: "Expected a table [\(.key)]."}),
    (select(has("name")) | .name | select(type != "string" or . == "")
      | {cause: "name is \(tojson)", hint: "Expected a text."}),
    ($own | select(type != "object") | {cause: "ingest is \(tojson)", hint: "Expected a table [ingest]."}),
    ($own | unknown($defaults | keys; "[ingest]")),
    (select(has("source") and ($own | has("source")))
      | {cause: "the source is given twice", hint: "Remove `source` at the top or `ingest.source`."}),
    ($defaults + with_entries(select(.key == "source")) + $own
      | wrong("source"; type == "string" and length > 0; "the path of a CSV file below the input folder"),
        wrong("encoding"; type == "string" and test("^[A-Za-z0-9._:-]+$"); "the name of an encoding, such as \"utf-8\""),
        wrong("delimiter"; . == null or IN(",", ";", "\t", "|"); "one of \",\", \";\", \"\\t\" and \"|\""),
        wrong("header"; type == "boolean"; "true or false"),
        wrong("keep"; type == "number" and . >= 1 and . == floor; "a whole number from 1"),
        {settings: del(.keep), keep}))
