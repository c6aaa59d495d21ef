"""What a column's name says: an identifier, something private, a unit, a target."""

import re

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

_TARGETS = ("target", "label", "y", "class", "outcome")
"""What a column is called that is there to be predicted."""

_LIKELY_TARGETS = (
    *("churn", "churned", "survived", "survival", "diagnosis", "fraud", "default", "defaulted"),
    *("species", "variety", "price", "saleprice", "medv", "income", "salary", "wage", "revenue"),
    *("sales", "demand", "quality", "rating", "score", "grade", "result", "response", "status"),
    *("converted", "conversion", "clicked", "approved", "cancelled", "canceled", "attrition"),
    *("exited", "spam", "sentiment", "category", "mpg", "tip", "cost", "charges", "amount"),
    *("value", "rent", "delay", "duration", "risk", "type", "ziel", "klasse", "preis", "umsatz"),
)
"""What tables are often made to predict, the likelier first."""


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, of `SalePrice` as of `sale price`."""
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])", " ", name)
    return re.findall(r"[^\W_]+", spaced.lower())


def names_identifier(name: str) -> bool:
    """Return whether a name is that of a key or of a row's number."""
    found = words(name)
    if not found:
        return False
    return found[-1] in _IDENTIFIERS or found[0] == "unnamed" or re.sub(r"\W", "", name) == "rowid"


def names_code(name: str) -> bool:
    """Return whether integers of this name are codes rather than amounts."""
    return bool(_CODES & set(words(name)))


def names_birth(name: str) -> bool:
    """Return whether a date of this name is when a person was born."""
    return bool(_BIRTH & set(words(name)))


def names_private(name: str) -> str | None:
    """Return what private thing a column of this name holds."""
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


def named_unit(name: str) -> str | None:
    """Return the unit in which a number of this name is, if it ends in one."""
    found = words(name)
    return _UNITS.get(found[-1]) if len(found) > 1 else None


def target_rank(name: str, others: set[str]) -> int | None:
    """Return how much a name is that of a target, 0 the most; None if not at all.

    `others` are the names of all columns in lower case: beside an x, y is a place.
    """
    found = words(name)
    if not found or (found == ["y"] and "x" in others):
        return None
    plain = "".join(found)
    ranks = [rank for rank, word in enumerate(_TARGETS) if plain == word]
    ranks += [10 + rank for rank, word in enumerate(_TARGETS) if word in found and word != "y"]
    ranks += [100 + rank for rank, word in enumerate(_LIKELY_TARGETS) if plain == word]
    ranks += [1000 + rank for rank, word in enumerate(_LIKELY_TARGETS) if word in found]
    return min(ranks, default=None)
