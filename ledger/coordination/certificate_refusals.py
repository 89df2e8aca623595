"""
Why green certificates are not recorded, moved or used up.
"""

from ledger.errors import Refused


class CertificateIssued(Refused):
    """A serial number was issued before."""

    code = "certificate_issued"
    rule = "CRD-20"

    def __init__(self, series: str, *, first: int, last: int) -> None:
        super().__init__(
            f"{series} has {first} to {last} on record already; a serial number is issued once",
            series=series,
            first=first,
            last=last,
        )


class CertificateMeterWrong(Refused):
    """Certificates name a meter that is no own renewable plant of their holder."""

    code = "certificate_meter_wrong"
    rule = "CRD-26"

    def __init__(self, meter: str, *, enterprise: str) -> None:
        super().__init__(
            f"{meter[:40]} is no meter of own renewables of {enterprise}; leave it empty for a "
            "plant of somebody else",
            meter=meter[:40],
            enterprise=enterprise,
        )


class CertificateNotHeld(Refused):
    """Not all of the serial numbers are with the one who gives them away."""

    code = "certificate_not_held"
    rule = "CRD-21"

    def __init__(self, enterprise: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{enterprise} holds {available} of the {needed} certificates named; name serial "
            "numbers that it holds",
            enterprise=enterprise,
            needed=needed,
            available=available,
        )


class CertificateRetired(Refused):
    """A serial number was used before, for the one purpose it has."""

    code = "certificate_retired"
    rule = "CRD-22"

    def __init__(self, series: str, *, serial: int, purpose: str, document: str) -> None:
        super().__init__(
            f"{series} {serial} was retired for {purpose} by {document}; a certificate is used "
            "once",
            series=series,
            serial=serial,
            purpose=purpose,
            document=document,
        )


class CertificateInStatistics(Refused):
    """The energy of a certificate is in the region's statistics already."""

    code = "certificate_in_statistics"
    rule = "CRD-23"

    def __init__(self, series: str, *, serial: int, route: str) -> None:
        super().__init__(
            f"{series} {serial} is of the route {route}, whose energy is in statistics already; "
            "only certificates traded alone across provinces move quantity",
            series=series,
            serial=serial,
            route=route,
        )


class CertificateTooEarly(Refused):
    """A certificate is used for a year before its energy was made."""

    code = "certificate_too_early"
    rule = "CRD-22"

    def __init__(self, *, year: int, generated_year: int) -> None:
        super().__init__(
            f"certificates of {generated_year} cannot be used for {year}; use them for "
            f"{generated_year} or a later year",
            year=year,
            generated_year=generated_year,
        )


class BeneficiaryUnknown(Refused):
    """Whom or what certificates are retired for is not there, or not the holder's own."""

    code = "certificate_beneficiary_unknown"
    rule = "CRD-22"

    def __init__(self, purpose: str, beneficiary: str, *, wanted: str) -> None:
        super().__init__(
            f"{purpose} names {beneficiary[:40]!r}, but {wanted} is needed",
            purpose=purpose,
            beneficiary=beneficiary[:40],
            wanted=wanted,
        )
