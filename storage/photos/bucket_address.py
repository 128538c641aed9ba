"""Where a bucket is and who may use it, as the operator tells it."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class BucketAddress:
    """A bucket, and the keys to it. Shown in words without the keys."""

    endpoint: str
    """Host and port."""
    secure: bool
    bucket: str
    prefix: str
    """What all names begin with: empty, or with a slash at its end."""
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    timeout: float = 10.0
    """Seconds that the bucket may leave a request unanswered."""

    def __str__(self) -> str:
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.endpoint}/{self.bucket}/{self.prefix}".rstrip("/")


def parse_bucket(url: str, access_key: str = "", secret_key: str = "", timeout: float = 10.0) -> BucketAddress:
    """Reads `https://HOST/BUCKET/PREFIX?region=REGION`, prefix and region at will. Raises ValueError, in words."""
    parts = urlsplit(url)
    bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not bucket:
        raise ValueError("must be https://HOST/BUCKET, or https://HOST/BUCKET/PREFIX")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must have nothing before the host and no #; the keys are settings of their own")
    return BucketAddress(
        endpoint=parts.netloc,
        secure=parts.scheme == "https",
        bucket=_checked(bucket),
        prefix=f"{prefix}/" if prefix else "",
        region=_region(parts.query),
        access_key=access_key,
        secret_key=secret_key,
        timeout=timeout,
    )


def _checked(bucket: str) -> str:
    plain = bucket.replace("-", "").replace(".", "")
    if not (3 <= len(bucket) <= 63 and plain.isascii() and plain.isalnum() and bucket == bucket.lower()):
        raise ValueError("must name a bucket of 3 to 63 small letters, digits, dots and hyphens")
    return bucket


def _region(query: str) -> str:
    told = parse_qs(query, strict_parsing=True) if query else {}
    if told.keys() - {"region"}:
        raise ValueError("may have ?region=REGION and no other parameter")
    return told.get("region", ["us-east-1"])[0]
