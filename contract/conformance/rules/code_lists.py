"""Codes that real columns hold, for the tests of those who infer types: each is a value.

Among them are texts that are also booleans (NO, SI), missing tokens (NA, nan), numbers or dates.
"""

from collections.abc import Mapping
from types import MappingProxyType

_LISTS = {
    "countries": """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM
BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX
CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG
GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV
LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE
NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF
WS YE YT ZA ZM ZW
    """,
    "states": """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE
NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC
    """,
    "provinces": """
AB BC MB NB NL NS NT NU ON PE QC SK YT
    """,
    "continents": """
AF AN AS EU NA OC SA
    """,
    "currencies": """
AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY
KRW MXN MYR NAD NGN NOK NZD PEN PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD
VND ZAR
    """,
    "languages": """
aa af am ar as az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu
he hi hr hu hy id is it ja ka kk km kn ko la lt lv mk ml mr ms my na nb ne nl nn
no or pa pl pt ro ru si sk sl so sq sr sv sw ta te th tl to tr uk ur uz vi yo zh
zu
    """,
    "languages of three letters": """
ara ben ces cmn deu ell eng fas fra guj hak heb hin hun ind ita jpn kan kor mal
mar msa nan nld nor pan pol por ron rus slk spa swe tam tel tha tur ukr urd vie
wuu yue
    """,
    "airports": """
AMS ATL BCN BER BKK BOS BRU CDG CLT CPH DEN DFW DXB EWR FCO FRA HEL HND IAD IAH
ICN IST JFK LAS LAX LGA LHR MAD MCO MEX MIA MUC NAN NON NUL OFF ORD OSL OUI PEK
PHX SEA SFO SIN SYD TXL VIE WAW YES YUL YYZ ZRH
    """,
    "tickers": """
A AAPL C F K MSFT NA NVDA O ON SO T V X
    """,
    "blood types": """
A+ A- AB+ AB- B+ B- O+ O-
    """,
    "grades": """
A A- A+ B B- B+ C C+ D F
    """,
    "letters": """
A B C D E F N T Y
    """,
    "sizes": """
XS S M L XL XXL
    """,
    "elements": """
Ag Al Ar As Au B Ba Be Bi Br C Ca Cl Co Cr Cs Cu F Fe Ga Ge H He Hg I In K Kr Li
Mg Mn Mo N Na Ne Ni No O Os P Pb Pt Ra Rb Rn S Sb Sc Se Si Sn Sr Ti U V W Xe Y
Zn Zr
    """,
    "molecules": """
CH4 CO CO2 H2O N2O NO NO2 O3 SO2
    """,
    "levels": """
None; Low; Medium; High; Very high
    """,
    "degrees": """
none mild moderate severe
    """,
    "fences": """
GdPrv GdWo MnPrv MnWw None
    """,
    "null alleles": """
hetero null wild
    """,
    "sexes": """
F M X
    """,
    "weekdays in Danish": """
fr lø ma on sø ti to
    """,
    "weekdays": """
Fri Mon Sat Sun Thu Tue Wed
    """,
    "votes": """
Abstain Absent No Yes
    """,
    "compass": """
E N NE NW S SE SW W
    """,
    "surnames": """
Becker Null None Nan Yes Ng O'Neil
    """,
    "marks": """
- + ++ ? --
    """,
}

CODE_LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        name: tuple(code.strip() for code in text.split(";" if ";" in text else None))
        for name, text in _LISTS.items()
    }
)
"""Codes by the name of their list."""

BOOLEAN_WORDS: tuple[tuple[str, str], ...] = (
    *(("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("true", "false")),
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)
"""Pairs of words that are booleans, the true one first."""

KEPT_TOKENS = frozenset(
    {
        *((name, "NA") for name in ("countries", "states", "provinces", "continents")),
        ("languages of three letters", "nan"),
        *((name, "None") for name in ("levels", "fences", "weekdays", "votes")),
    }
)
"""The missing tokens that clean and `make init` leave values beside all codes of a list."""
