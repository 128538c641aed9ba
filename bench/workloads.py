"""What is asked of every server: the operations as they are sent, and the bytes of the requests."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

FIELDS = """
      id code title text status reportedAt supportCount
      location { latitude longitude }
      area { id code name }
      photos { id url width height }
      reporter { displayName }
"""
PAGE = f"""query Page {{
  reports(first: 50) {{
    nodes {{{FIELDS}    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
FILTERED = f"""query Filtered($filter: ReportFilter) {{
  reports(first: 50, filter: $filter) {{
    nodes {{{FIELDS}    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
ONE = f"""query One($id: ID!) {{
  report(id: $id) {{{FIELDS}  }}
}}"""
SUBMIT = """mutation Submit($input: SubmitReportInput!) {
  submitReport(input: $input) { report { id code status area { code } } followToken userErrors { message } }
}"""
STREAM = """subscription Stream {
  newReports { id kind at report { id code text status reportedAt location { latitude longitude } area { id code name } } }
}"""
JOINED = """query Joined($filter: ReportFilter) {
  reports(first: 20, filter: $filter) {
    nodes { id code status floodArea { id name state } laporTicket { trackingId status title } }
  }
}"""
JOINED_BY_GATEWAY = """query Joined {
  reports(source: "lapor") {
    id code status floodArea { id name state } laporTicket { trackingId status title }
  }
}"""
BINS = """query Bins($within: BoundingBoxInput!, $resolution: Int!, $filter: ReportFilter) {
  hexBins(within: $within, resolution: $resolution, filter: $filter) { cell total open }
}"""
COUNTS = """query Counts($filter: ReportFilter) {
  statistics(filter: $filter) {
    total open resolved
    buckets(by: CATEGORY) { key total open resolved }
  }
}"""
SUBMITTED = {
    "category": "damaged_road",
    "text": "Jalan berlubang besar di depan sekolah, mohon segera diperbaiki",
    "location": {"latitude": -6.2, "longitude": 106.83},
}


def request(query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> bytes:
    """The bytes of a request over HTTP, as a client with a kept connection sends them."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    told = {
        "Host": "bench",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body


def pages() -> Sequence[bytes]:
    """W1."""
    return [request(PAGE)]


def submissions(count: int) -> Sequence[bytes]:
    """W3: reports all over the city, no two alike."""
    made = []
    for n in range(count):
        place = {"latitude": -6.15 - n % 97 / 1000, "longitude": 106.78 + n % 89 / 1000}
        told = {**SUBMITTED, "location": place, "text": f"{SUBMITTED['text']} nomor {n}"}
        made.append(request(SUBMIT, {"input": told}))
    return made
