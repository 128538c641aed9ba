"""How the hub and the process that decodes pictures speak: in frames of an unsigned length, big-endian, and that many bytes.

To the process goes one frame, the upload; back come a JSON frame, then the photo and its thumbnail (both empty for a
refused one). Not pickle: whoever takes over a decoder must not be able to run code in the hub.
"""

import struct

FRAME = struct.Struct(">Q")
READY = b"ready"
"""The first frame from the process, once everything is imported."""
