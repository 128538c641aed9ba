"""Words for what statistics count by: names, statuses, and times as they are read in Jakarta."""

from collections.abc import Mapping
from datetime import datetime

from domain.time import JAKARTA, moment
from domain.vocabulary import Locale, ReportStatus
from resolvers.statistics import StatisticsBucket
from storage.reports.filter.naming import NamedRow

_STATUS: Mapping[Locale, Mapping[ReportStatus, str]] = {
    Locale.ID: {
        ReportStatus.SUBMITTED: "Masuk",
        ReportStatus.VERIFIED: "Terverifikasi",
        ReportStatus.ASSIGNED: "Ditugaskan",
        ReportStatus.IN_PROGRESS: "Dikerjakan",
        ReportStatus.RESOLVED: "Selesai",
        ReportStatus.CLOSED: "Ditutup",
        ReportStatus.REJECTED: "Ditolak",
        ReportStatus.DUPLICATE: "Sudah dilaporkan",
        ReportStatus.WITHDRAWN: "Dibatalkan pelapor",
    },
    Locale.EN: {
        ReportStatus.SUBMITTED: "Received",
        ReportStatus.VERIFIED: "Verified",
        ReportStatus.ASSIGNED: "Assigned",
        ReportStatus.IN_PROGRESS: "In progress",
        ReportStatus.RESOLVED: "Resolved",
        ReportStatus.CLOSED: "Closed",
        ReportStatus.REJECTED: "Rejected",
        ReportStatus.DUPLICATE: "Already reported",
        ReportStatus.WITHDRAWN: "Withdrawn by reporter",
    },
}

_WITHOUT: Mapping[Locale, Mapping[StatisticsBucket, str]] = {
    Locale.ID: {StatisticsBucket.AREA: "Kelurahan tidak diketahui", StatisticsBucket.AGENCY: "Belum ada instansi"},
    Locale.EN: {StatisticsBucket.AREA: "No kelurahan known", StatisticsBucket.AGENCY: "No agency yet"},
}
_NONE = {Locale.ID: "Tanpa keterangan", Locale.EN: "None"}

_MONTHS: Mapping[Locale, str] = {
    Locale.ID: "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
    Locale.EN: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}


def label_of(by: StatisticsBucket, key: str | None, start: int | None, name: NamedRow | None, locale: Locale) -> str:
    """The key of a bucket in words; `start` (microseconds) of those by time, `name` of those whose key is a code."""
    if start is not None:
        return _time(by, moment(start).astimezone(JAKARTA), locale)
    if key is None:
        return _WITHOUT[locale].get(by, _NONE[locale])
    if by is StatisticsBucket.STATUS:
        return _STATUS[locale][ReportStatus(key)]
    if name is None:
        return key
    return name.name_en if locale is Locale.EN else name.name_id


def _time(by: StatisticsBucket, at: datetime, locale: Locale) -> str:
    """`5 Jan 2026`, and the hour with it where hours are counted: with a point in Indonesian, with a colon in English."""
    day = f"{at.day} {_MONTHS[locale].split()[at.month - 1]} {at.year}"
    if by is not StatisticsBucket.HOUR:
        return day
    return f"{day} {at:%H.%M}" if locale is Locale.ID else f"{day} {at:%H:%M}"
