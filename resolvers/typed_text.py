"""Texts as people type them: trimmed, of bounded length, and such that both stores can keep them."""

from resolvers.refusal import fault
from resolvers.user_errors import Fault, UserErrorCode
from storage.storable import storable

_MISSING = ("Bagian ini harus diisi.", "This must not be empty.")


class TypedText:
    """Reads texts of an input and adds to `faults` what is wrong with them."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults

    def required(self, text: str | None, longest: int, *path: str, missing: tuple[str, str] = _MISSING) -> str:
        """A text that is owed: nothing but blanks is none. `missing`: what to say then, Indonesian and English."""
        trimmed = self.optional(text, longest, *path)
        if trimmed is None:
            self._faults.append(fault(UserErrorCode.REQUIRED, *missing, *path))
        return trimmed or ""

    def optional(self, text: str | None, longest: int, *path: str) -> str | None:
        """A text that may be left out; one of blanks is left out. Length is counted in characters, ends trimmed."""
        trimmed = (text or "").strip()
        if len(trimmed) > longest:
            self._faults.append(
                fault(
                    UserErrorCode.TOO_LONG,
                    f"Terlalu panjang: {_thousands(len(trimmed), '.')} karakter, paling banyak {_thousands(longest, '.')}.",
                    f"Too long: {_thousands(len(trimmed), ',')} characters, {_thousands(longest, ',')} at most.",
                    *path,
                )
            )
        if not storable(trimmed):
            self._faults.append(
                fault(
                    UserErrorCode.INVALID,
                    "Ada karakter yang tidak bisa disimpan. Ketik ulang bagian ini.",
                    "There are characters in it that cannot be kept. Type it again.",
                    *path,
                )
            )
        return trimmed or None


def _thousands(number: int, separator: str) -> str:
    return f"{number:,}".replace(",", separator)
