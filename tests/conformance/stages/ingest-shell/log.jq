# One line of the log. What could break the line or change its direction is escaped.

def hex:
  if . < 16 then "0123456789abcdef"[.:. + 1] else (. / 16 | floor | hex) + (. % 16 | hex) end;

($message | gsub("(?<sign>[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}])"; "\\u{\(.sign | explode[0] | hex)}")) as $message
| if $format == "json"
  then {time: (now | todate), level: $level, stage: "ingest", event: $message} | tojson
  else "\($level): \($message)" end
