"""What a bucket's failures mean: gone, worth another attempt, or something that the operator must mend.

The words name the bucket's address and S3's code, never a key, a name of a photo, or what the bucket said in between.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError, TimeoutError

from storage.photos.bucket_address import BucketAddress
from storage.photos.store import PhotoNotFound, PhotoStoreError, PhotoStoreUnavailable

_PAUSES = (0.2, 0.6)  # seconds before the second and the third attempt; every request of ours may be made twice
_GONE = ("NoSuchKey", "InvalidRange")  # InvalidRange: there, but empty, which no photo is
_T = TypeVar("_T")

_TO_MEND = {
    "NoSuchBucket": "there is no such bucket: make it (the hub does not), or mend SIMPUL_PHOTOS_URL",
    "AccessDenied": "the keys do not allow it: they must allow to get, put, delete and list objects in it",
    "InvalidAccessKeyId": "it does not know the access key: mend SIMPUL_PHOTOS_ACCESS_KEY",
    "SignatureDoesNotMatch": "the secret key is not that of the access key: mend SIMPUL_PHOTOS_SECRET_KEY",
    "AuthorizationHeaderMalformed": "it lies in another region: add ?region=… to SIMPUL_PHOTOS_URL",
    "PermanentRedirect": "it lies in another region: add ?region=… to SIMPUL_PHOTOS_URL",
    "RequestTimeTooSkewed": "this machine's clock and its differ too much: set them",
    "XMinioStorageFull": "its disk is full",
    "QuotaExceeded": "its quota is used up",
}


def with_attempts(work: Callable[[], _T], address: BucketAddress) -> _T:
    """Does it, again after a failure that may pass; raises PhotoStoreError. Blocks, at most twice the timeout."""
    begun = time.monotonic()
    for pause in (*_PAUSES, None):
        try:
            return work()
        except (MinioException, HTTPError, OSError) as error:
            # What took the whole of its time is not tried again: a request of a citizen's waits for it.
            if pause is None or not _may_pass(error) or time.monotonic() - begun >= address.timeout:
                raise _translated(error, address) from error
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _may_pass(error: Exception) -> bool:
    status = _status(error)
    return isinstance(error, HTTPError) and not isinstance(error, SSLError) if status is None else status >= 500


def _status(error: Exception) -> int | None:
    """The HTTP status of an answer; None where none came."""
    if isinstance(error, S3Error):
        return error.response.status
    if isinstance(error, ServerError):
        return error.status_code
    return error._code if isinstance(error, InvalidResponseError) else None


def _translated(error: Exception, address: BucketAddress) -> PhotoStoreError:
    if isinstance(error, S3Error) and error.code in _GONE:
        return PhotoNotFound("nothing is kept under this key")
    return PhotoStoreUnavailable(f"Photos cannot be kept in {address}: {_why(error)}.")


def _why(error: Exception) -> str:
    if isinstance(error, S3Error):
        return _TO_MEND.get(error.code or "", f"it answers {error.code}")
    status = _status(error)
    if status is not None:
        return f"it answers with status {status}" if status >= 500 else "what answers there does not speak S3"
    if isinstance(error, NewConnectionError):  # counts as a timeout, too
        return "nobody listens there, or the name is not known"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, SSLError):
        return "its certificate does not hold"
    return f"the connection broke ({type(error).__name__})"
