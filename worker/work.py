"""What the worker works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.areas import AreaMap
from domain.sink import Forwarder
from storage.photos.store import PhotoStore
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Work:
    """The store, the photos, the areas as they are now, and who hands reports on, by the code of the source."""

    store: Store
    photos: PhotoStore
    areas: Callable[[], AreaMap]
    forwarders: Mapping[str, Forwarder]
    contacts_key: bytes
