"""Hints in the name of a column: identifier, private data, unit or target."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

_IDENTIFIERS = {"id", "ids", "uuid", "guid", "key", "index", "idx", "rownames", "rowid"}
_CODES = {"id", "code", "zip", "zipcode", "postcode", "postal", "plz"}
_MAIL = {"email", "mail", "emails"}
_PHONE = {"phone", "telephone", "tel", "mobile", "fax", "telefon", "handy"}
_ADDRESS = {"address", "street", "anschrift", "adresse", "strasse", "straße", "ip"}
_PERSON_NUMBERS = {"ssn", "iban", "passport", "bic", "vin"}
_NAMES = {"surname", "firstname", "lastname", "forename", "fullname", "username", "nickname"} | {
    *("vorname", "nachname", "familienname", "nom", "prenom")
}
_PEOPLE = {"first", "last", "middle", "given", "family", "full", "maiden", "person", "user"} | {
    *("customer", "client", "patient", "contact", "employee", "member", "owner", "author"),
    *("passenger", "student", "guest", "driver", "buyer", "seller", "applicant", "sur"),
}
_BIRTH = {"dob", "birthday", "birthdate", "birth", "born", "geburtsdatum", "geburtstag"}

_PRIVATE_WORDS: Mapping[str, set[str]] = {
    "e-mail addresses": _MAIL,
    "telephone numbers": _PHONE,
    "addresses": _ADDRESS,
    "numbers that identify people": _PERSON_NUMBERS,
    "dates of birth": _BIRTH,
}
"""Words of each kind of private information, the kind that decides first."""

_PLAIN_UNITS = ("mm", "cm", "km", "kg", "g", "mg", "lb", "oz", "ml", "ms", "mph", "days", "miles")
_UNITS = {unit: unit for unit in _PLAIN_UNITS} | {
    "months": "months",
    "years": "years",
    "lbs": "lb",
    "usd": "US dollars",
    "eur": "euros",
    "gbp": "pounds",
    "pct": "%",
    "percent": "%",
    "percentage": "%",
    "sec": "s",
    "seconds": "s",
    "min": "min",
    "minutes": "min",
    "hours": "h",
    "hrs": "h",
    "kmh": "km/h",
    "kwh": "kWh",
    "kw": "kW",
    "sqft": "sq ft",
    "sqm": "m²",
    "celsius": "°C",
    "fahrenheit": "°F",
}

_DURATIONS = {"duration", "time", "elapsed", "runtime", "delay", "wait", "waiting", "dauer"}
"""Words before `min` that mean minutes."""
_NON_UNIT_SIBLINGS = {
    "min": {"max", "mean", "avg", "average", "median", "std"},
    "lb": {"ub"},
    "g": {"r", "b", "u", "i", "z"},
}
"""Last words of other columns that show that the last word is not a unit: `max` beside `min`."""

_TARGETS = {"target", "label", "y", "outcome", "ziel"}
"""Names that always mean the target."""

_USUAL_TARGETS = {
    *("churn", "churned", "survived", "survival", "diagnosis", "fraud", "default", "defaulted"),
    *("species", "price", "saleprice", "medv", "salary", "wage", "wages", "revenue", "sales"),
    *("demand", "converted", "conversion", "clicked", "approved", "cancelled", "canceled"),
    *("attrition", "exited", "spam", "sentiment", "class", "mpg", "tip", "response"),
    *("vote", "choice"),
    *("klasse", "preis", "umsatz"),
}
"""Names that often are the target."""

_POSSIBLE_TARGETS = {
    *("variety", "quality", "rating", "score", "grade", "result", "status", "category", "cost"),
    *("charges", "amount", "rent", "delay", "duration", "risk"),
}
"""Names that are a target in some tables and an input in others."""

_AREAS = {"country", "state", "region", "county", "city", "town", "district", "province"} | {
    *("continent", "land", "stadt", "ort"),
}
"""Fields of an address that many people share."""

_DESCRIPTIONS = _AREAS | {
    *("age", "sex", "gender", "female", "male", "race", "ethnicity", "ethn", "religion", "black"),
    *("income", "hhincome", "education", "educ", "school", "schooling", "married", "marital"),
    *("occupation", "industry", "children", "kids", "household", "nationality", "language"),
    *("place", "location", "residence", "latitude", "longitude", "lat", "lon", "lng"),
    *("alter", "geschlecht", "einkommen", "bildung"),
}
"""Names that describe people and places, and are mostly inputs."""

_TIMES = {"year", "month", "day", "hour", "minute", "second", "week", "weekday", "quarter"} | {
    *("date", "time", "jahr", "monat", "tag", "stunde", "woche"),
}

_PERIODS = _TIMES | {"period", "quartal", "semester", "season", "wave", "welle"}

_SURE_WEIGHTS = {"perwt", "pweight", "fnlwgt", "finalwgt", "hhwt", "asecwt", "wtfinl", "wtsall"}
_WEIGHT_QUALIFIERS = {
    "sample",
    "sampling",
    "survey",
    "case",
    "row",
    "person",
    "household",
    "replicate",
} | {
    *("final", "frequency", "freq", "design", "importance", "analysis", "obs", "observation"),
}
_WEIGHTS = {"weight", "weights", "wgt", "wght", "wt"}

_GROUPS = {"firm", "company", "household", "individual", "subject", "account", "device"} | {
    *("person", "user", "customer", "client", "patient", "employee", "member", "owner"),
    *("passenger", "student", "driver", "buyer", "seller", "applicant", "kunde", "session"),
}
_PLACES = {"rank", "ranking", "rang", "platz", "place", "pos", "position", "lfd", "seq"} | {
    *("sequence", "order", "index", "row", "zeile", "reihenfolge"),
}
_NUMBERING = {"no", "nr", "num", "number", "code", "nummer"}


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, for `SalePrice` as for `sale price`."""
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])", " ", name)
    return re.findall(r"[^\W_]+", spaced.lower())


def is_identifier_name(name: str) -> bool:
    """Return whether a column of this name is a key or a row number."""
    name_words = words(name)
    if not name_words:
        return False
    return (
        name_words[-1] in _IDENTIFIERS
        or name_words[0] == "unnamed"
        or re.sub(r"\W", "", name) == "rowid"
    )


def is_code_name(name: str) -> bool:
    """Return whether integers in a column of this name are codes, not amounts."""
    return bool(_CODES & set(words(name)))


def is_birth_name(name: str) -> bool:
    """Return whether dates in a column of this name are dates of birth."""
    return bool(_BIRTH & set(words(name)))


def private_information(name: str) -> str | None:
    """Return the kind of private information that a column of this name holds, if any.

    A struct's name does not make an area private: `address.city` is not, `address.street` is.
    """
    field_words = words(name.rpartition(".")[2])
    if field_words and _AREAS.issuperset(field_words):
        return None
    name_words = words(name)
    word_set = set(name_words)
    kind = next((kind for kind, hints in _PRIVATE_WORDS.items() if word_set & hints), None)
    if kind:
        return kind
    is_name = name_words[-1:] == ["name"] and (len(name_words) == 1 or word_set & _PEOPLE)
    return "names" if is_name or word_set & _NAMES else None


def unit_in_name(name: str, others: Iterable[str] = ()) -> str | None:
    """Return the unit that a name ends in, if any.

    `temp_min` is an extreme, and so is `time_min` beside `time_max`.
    """
    *stem, last = words(name) or [""]
    if not stem or (last == "min" and stem[-1] not in _DURATIONS):
        return None
    siblings = {other[-1] for other in map(words, others) if other[:-1] == stem and other}
    return None if siblings & _NON_UNIT_SIBLINGS.get(last, set()) else _UNITS.get(last)


def target_score(name: str, others: set[str]) -> int:
    """Return how likely a name is a target: 6 certain, 4 usual, 1 or 2 possible, 0 not.

    `others` are all column names in lower case: beside an x, y is a coordinate.
    """
    name_words = words(name)
    if not name_words or (name_words == ["y"] and "x" in others):
        return 0
    plain = "".join(name_words)
    word_set = set(name_words)
    scores = [
        (6, plain in _TARGETS),
        (4, plain in _USUAL_TARGETS or bool((_TARGETS - {"y"}) & word_set)),
        (2, plain in _POSSIBLE_TARGETS or bool(_USUAL_TARGETS & word_set)),
        (1, bool(_POSSIBLE_TARGETS & word_set)),
    ]
    return max(score for score, is_met in [*scores, (0, True)] if is_met)


def is_description_name(name: str) -> bool:
    """Return whether a name describes a person, a place or a time, and is rarely a target."""
    name_words = words(name)
    return "".join(name_words) in _DESCRIPTIONS | _TIMES or name_words[:1] == ["unnamed"]


def is_year_name(name: str) -> bool:
    """Return whether integers in a column of this name are years."""
    return bool({"year", "jahr"} & set(words(name)))


def is_period_name(name: str) -> bool:
    """Return whether integers or texts in a column of this name are times: `year`, `wave`, `t`."""
    return words(name)[-1:] == ["t"] or bool(_PERIODS & set(words(name)))


def is_group_name(name: str) -> bool:
    """Return whether the name suggests a key that several rows share, such as customer."""
    name_words = words(name)
    others = [word for word in name_words if word not in _NUMBERING]
    is_key = is_identifier_name(name) or any(word.endswith("id") for word in name_words[-1:])
    return is_key or (len(others) == 1 and others[0] in _GROUPS)


def is_numbering_name(name: str) -> bool:
    """Return whether integers in a column of this name number things: `nr`, `country code`."""
    name_words = words(name)
    return bool(name_words) and name_words[-1] in _NUMBERING


def is_place_name(name: str) -> bool:
    """Return whether whole numbers in a column of this name are places in an order: `rank`."""
    return is_numbering_name(name) or bool(_PLACES & set(words(name)[-1:]))


def weight_certainty(name: str) -> Literal["surely", "maybe"] | None:
    """Return how certainly a name means a sample weight; `weight` may be the weight of a thing."""
    name_words = words(name)
    word_set = set(name_words)
    if word_set & _SURE_WEIGHTS or (word_set & _WEIGHTS and word_set & _WEIGHT_QUALIFIERS):
        return "surely"
    return "maybe" if "".join(name_words) in _WEIGHTS else None
