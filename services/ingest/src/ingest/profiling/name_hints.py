"""What a column's name suggests: identifier, private data, unit or target."""

import re
from collections.abc import Iterable
from typing import Literal

_IDENTIFIERS = {"id", "ids", "uuid", "guid", "key", "index", "idx", "rownames", "rowid"}
_CODES = {"id", "code", "zip", "zipcode", "postcode", "postal", "plz"}
_MAIL = {"email", "mail", "emails"}
_PHONE = {"phone", "telephone", "tel", "mobile", "fax", "telefon", "handy"}
_PLACE = {"address", "street", "anschrift", "adresse", "strasse", "straße", "ip"}
_NUMBERS_OF_PEOPLE = {"ssn", "iban", "passport", "bic", "vin"}
_NAMES = {"surname", "firstname", "lastname", "forename", "fullname", "username", "nickname"} | {
    *("vorname", "nachname", "familienname", "nom", "prenom")
}
_PEOPLE = {"first", "last", "middle", "given", "family", "full", "maiden", "person", "user"} | {
    *("customer", "client", "patient", "contact", "employee", "member", "owner", "author"),
    *("passenger", "student", "guest", "driver", "buyer", "seller", "applicant", "sur"),
}
_BIRTH = {"dob", "birthday", "birthdate", "birth", "born", "geburtsdatum", "geburtstag"}

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
_PARTNERS = {
    "min": {"max", "mean", "avg", "average", "median", "std"},
    "lb": {"ub"},
    "g": {"r", "b", "u", "i", "z"},
}
"""Other words beside which the last word is not a unit: extremes, bounds and light bands."""

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

_DESCRIPTIONS = {
    *("age", "sex", "gender", "female", "male", "race", "ethnicity", "ethn", "religion", "black"),
    *("income", "hhincome", "education", "educ", "school", "schooling", "married", "marital"),
    *("occupation", "industry", "children", "kids", "household", "nationality", "language"),
    *("country", "state", "region", "county", "city", "town", "district", "province", "place"),
    *("location", "continent", "residence", "latitude", "longitude", "lat", "lon", "lng"),
    *("alter", "geschlecht", "einkommen", "bildung", "land", "stadt", "ort"),
}
"""Names that describe people and places, and are mostly inputs."""

_TIMES = {"year", "month", "day", "hour", "minute", "second", "week", "weekday", "quarter"} | {
    *("date", "time", "jahr", "monat", "tag", "stunde", "woche"),
}

_SURE_WEIGHTS = {"perwt", "pweight", "fnlwgt", "finalwgt", "hhwt", "asecwt", "wtfinl", "wtsall"}
_WEIGHTED = {"sample", "sampling", "survey", "case", "row", "person", "household", "replicate"} | {
    *("final", "frequency", "freq", "design", "importance", "analysis", "obs", "observation"),
}
_WEIGHTS = {"weight", "weights", "wgt", "wght", "wt"}

_GROUPS = {"firm", "company", "household", "individual", "subject", "account", "device"} | {
    *("person", "user", "customer", "client", "patient", "employee", "member", "owner"),
    *("passenger", "student", "driver", "buyer", "seller", "applicant", "kunde", "session"),
}
_NUMBERING = {"no", "nr", "num", "number", "code", "nummer"}


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, for `SalePrice` as for `sale price`."""
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])", " ", name)
    return re.findall(r"[^\W_]+", spaced.lower())


def names_identifier(name: str) -> bool:
    """Return whether a name is that of a key or a row number."""
    found = words(name)
    if not found:
        return False
    return found[-1] in _IDENTIFIERS or found[0] == "unnamed" or re.sub(r"\W", "", name) == "rowid"


def names_code(name: str) -> bool:
    """Return whether integers of this name are codes rather than amounts."""
    return bool(_CODES & set(words(name)))


def names_birth(name: str) -> bool:
    """Return whether a date of this name is a date of birth."""
    return bool(_BIRTH & set(words(name)))


def names_private(name: str) -> str | None:
    """Return the private information that a column of this name holds."""
    found = words(name)
    here = set(found)
    if here & _MAIL or found[:2] == ["e", "mail"]:
        return "e-mail addresses"
    if here & _PHONE:
        return "telephone numbers"
    if here & _PLACE:
        return "addresses"
    if here & _NUMBERS_OF_PEOPLE:
        return "numbers that identify people"
    if here & _BIRTH:
        return "dates of birth"
    is_name = found[-1:] == ["name"] and (len(found) == 1 or here & _PEOPLE)
    return "names" if is_name or here & _NAMES else None


def named_unit(name: str, others: Iterable[str] = ()) -> str | None:
    """Return the unit that a name ends in, if any.

    `temp_min` is an extreme, and so is `time_min` beside `time_max`.
    """
    *stem, last = words(name) or [""]
    if not stem or (last == "min" and stem[-1] not in _DURATIONS):
        return None
    siblings = {other[-1] for other in map(words, others) if other[:-1] == stem and other}
    return None if siblings & _PARTNERS.get(last, set()) else _UNITS.get(last)


def target_score(name: str, others: set[str]) -> int:
    """Return how likely a name is a target: 6 certain, 4 usual, 1 or 2 possible, 0 not.

    `others` are all column names in lower case: beside an x, y is a coordinate.
    """
    found = words(name)
    if not found or (found == ["y"] and "x" in others):
        return 0
    plain = "".join(found)
    here = set(found)
    scores = [
        (6, plain in _TARGETS),
        (4, plain in _USUAL_TARGETS or bool((_TARGETS - {"y"}) & here)),
        (2, plain in _POSSIBLE_TARGETS or bool(_USUAL_TARGETS & here)),
        (1, bool(_POSSIBLE_TARGETS & here)),
    ]
    return max(score for score, is_met in [*scores, (0, True)] if is_met)


def names_description(name: str) -> bool:
    """Return whether a name describes a person, a place or a time, and is hardly a target."""
    found = words(name)
    return "".join(found) in _DESCRIPTIONS | _TIMES or found[:1] == ["unnamed"]


def names_year(name: str) -> bool:
    """Return whether integers of this name are years."""
    return bool({"year", "jahr"} & set(words(name)))


def names_group(name: str) -> bool:
    """Return whether a name is that of something that several rows may belong to."""
    found = words(name)
    whose = [word for word in found if word not in _NUMBERING]
    is_key = names_identifier(name) or any(word.endswith("id") for word in found[-1:])
    return is_key or (len(whose) == 1 and whose[0] in _GROUPS)


def names_numbering(name: str) -> bool:
    """Return whether integers of this name number things: `nr`, `country code`."""
    found = words(name)
    return bool(found) and found[-1] in _NUMBERING


def names_weight(name: str) -> Literal["surely", "maybe"] | None:
    """Return whether a name is a sample weight; a plain weight may be a body's."""
    found = words(name)
    here = set(found)
    if here & _SURE_WEIGHTS or (here & _WEIGHTS and here & _WEIGHTED):
        return "surely"
    return "maybe" if "".join(found) in _WEIGHTS else None
