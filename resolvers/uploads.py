"""A file that came with a request, as the resolvers see it; the door makes it and throws it away afterwards."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class UploadedFile(Protocol):
    """One uploaded file. Its name and type are what the client claims and prove nothing."""

    filename: str
    content_type: str
    size: int

    async def read(self) -> bytes:
        """The whole content, as often as it is asked for."""
