"""Where queries come from: octoDNS's geo codes, and what Route 53 calls the same place.

A code is a continent (``EU``), a country on it (``EU-DE``) or a state in it (``NA-US-CA``). The
letters are ISO 3166's; which continent a country is on is octoDNS's own table
(``octodns/record/geo_data.py``, 1.22), which a test compares with this one.

Every function is pure.
"""

from __future__ import annotations

from typing import Final

_COUNTRIES: Final = {
    "AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY"
    " MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA"
    " ZM ZW",
    "AN": "AQ BV HM TF",
    "AS": "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ"
    " LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "EU": "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE"
    " LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA",
    "NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS"
    " MX NI PA PM PR SV SX TC TT US VC VG VI",
    "OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    "SA": "AR BO BR CL CO EC FK GF GS GY PE PY SR UY VE",
}
_PROVINCES: Final = {
    "NA-CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "NA-US": "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP"
    " MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV"
    " WY",
}
# Of the provinces that octoDNS knows, Route 53 answers by those of the United States only (API
# Reference, GeoLocation); octoDNS-route53 drops the others, or refuses them too.
_PROVINCES_UNSUPPORTED: Final = "NA-CA"
# Developer Guide, "Values specific for geolocation records": no records for these.
_COUNTRIES_UNSUPPORTED: Final = frozenset({"BV", "CX", "EH", "HM"})

EVERYWHERE: Final = ("geo_country=*",)


def codes() -> frozenset[str]:
    """Every code that octoDNS knows."""
    countries = {f"{at}-{each}" for at, text in _COUNTRIES.items() for each in text.split()}
    provinces = {f"{at}-{each}" for at, text in _PROVINCES.items() for each in text.split()}
    return frozenset({*_COUNTRIES, *countries, *provinces})


_CODES: Final = codes()


def place(code: str) -> tuple[str, ...]:
    """The attributes of a Route 53 record set that answers queries from there.

    Raises:
        ValueError: octoDNS knows no such code, or Route 53 has no records for the place.
    """
    continent, *parts = code.split("-")
    if code not in _CODES:
        raise ValueError("there is no such geo code; one is EU, EU-DE or NA-US-CA")
    if not parts:
        return (f"geo_continent={continent}",)
    country, *province = parts
    if country in _COUNTRIES_UNSUPPORTED:
        raise ValueError("Route 53 has no geolocation records for this country")
    if province and f"{continent}-{country}" == _PROVINCES_UNSUPPORTED:
        raise ValueError("Route 53 has no geolocation records for the provinces of Canada")
    return (f"geo_country={country}", *(f"geo_subdivision={each}" for each in province))
