"""JSON documents of gateways that speak our own format: quantities by name.

``{"format": 1, "device": "inv-01", "time": "2026-07-01T02:30:00Z", "seq": 7, "values": {"ac_active_power_w":
51200}}``. Numbers may be texts; a value that is no number is missing, never zero. ``time`` is ISO 8601 (with
a zone), seconds or milliseconds since 1970, or absent: then the instant of arrival stands. A device clock
that has lost its date does not count as a time either.
"""

from collections.abc import Mapping

from domain.errors import MalformedAnswerError
from domain.measurement import Batch, Quality, Sample
from domain.quantity import is_known
from inverters.point import IDENTITY_TEXTS
from inverters.profile import DeviceProfile
from inverters.told import as_number, document_time, quality_of

FORMAT = 1


def decode_document(profile: DeviceProfile, sample: Sample) -> Batch:
    """Return the batch the document of ``sample`` means.

    Quantities come in the document's order; names the vocabulary does not have are left out, identity texts
    are kept as texts.

    Raises
    ------
    MalformedAnswerError
        There is no document, it is of another format, or it has no values.
    """
    document = sample.document
    if document is None or not isinstance(document.get("values"), Mapping):
        raise MalformedAnswerError(
            f"{sample.device_id}: no JSON document with a 'values' object; expected format {FORMAT} of {profile.name}"
        )
    if document.get("format", FORMAT) != FORMAT:
        raise MalformedAnswerError(
            f"{sample.device_id}: document format {document['format']!r}; expected {FORMAT}"
        )
    given = document["values"]
    names = tuple(name for name in given if isinstance(name, str) and is_known(name))
    values = tuple(as_number(given[name]) for name in names)
    instant = document_time(document.get("time"), sample.received_at)
    qualities = tuple(quality_of(n, v) for n, v in zip(names, values, strict=True))
    good = all(quality is Quality.GOOD for quality in qualities)
    texts = {name: str(given[name]) for name in IDENTITY_TEXTS if isinstance(given.get(name), str)}
    return Batch(
        sample.device_id,
        instant or sample.received_at,
        names,
        values,
        None if good else qualities,
        sample.received_at,
        sample.origin,
        texts,
    )
