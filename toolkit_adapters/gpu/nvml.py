"""NVIDIA's management library: clocks, power, temperature and energy. It comes with the driver."""

from __future__ import annotations

import ctypes
from typing import Any

from hit_trackers.errors import MissingDependencyError

_SM, _MEMORY = 1, 2  # nvmlClockType_t
_TEMPERATURE = 0  # NVML_TEMPERATURE_GPU


class Nvml:
    """One device. What the driver does not tell of it is None."""

    def __init__(self, library: Any, handle: ctypes.c_void_p) -> None:
        self._library = library
        self._handle = handle

    def sample(self) -> dict[str, float | None]:
        """MHz, W, °C, and why clocks are held back (a bit mask of the library's), now."""
        power = self._number("nvmlDeviceGetPowerUsage", ctypes.c_uint)
        limit = self._number("nvmlDeviceGetEnforcedPowerLimit", ctypes.c_uint)
        return {
            "sm_mhz": self._number("nvmlDeviceGetClockInfo", ctypes.c_uint, _SM),
            "memory_mhz": self._number("nvmlDeviceGetClockInfo", ctypes.c_uint, _MEMORY),
            "sm_highest_mhz": self._number("nvmlDeviceGetMaxClockInfo", ctypes.c_uint, _SM),
            "power_w": None if power is None else power / 1e3,
            "power_limit_w": None if limit is None else limit / 1e3,
            "temperature_c": self._number("nvmlDeviceGetTemperature", ctypes.c_uint, _TEMPERATURE),
            "held_back": self._number(
                "nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong
            ),
        }

    def joules(self) -> float | None:
        """Energy since the driver was loaded; None on devices that do not count it."""
        found = self._number("nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong)
        return None if found is None else found / 1e3

    def driver(self) -> str:
        """Version of the driver."""
        text = ctypes.create_string_buffer(96)
        self._library.nvmlSystemGetDriverVersion(text, ctypes.c_uint(len(text)))
        return text.value.decode(errors="replace")

    def _number(self, function: str, kind: Any, *arguments: int) -> float | None:
        value = kind()
        try:
            call = getattr(self._library, function)
        except AttributeError:  # an older library
            return None
        given = [ctypes.c_uint(argument) for argument in arguments]
        failed = call(self._handle, *given, ctypes.byref(value))
        return None if failed else value.value


def open_nvml(uuid: str) -> Nvml:
    """The device of an identifier as PyTorch gives it, without the library's prefix `GPU-`.

    Raises:
        MissingDependencyError: no library, or it does not know the device.
    """
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        raise MissingDependencyError(
            f"NVIDIA's management library cannot be opened ({error}): clocks and energy stay empty"
        ) from error
    failed = library.nvmlInit_v2()
    handle = ctypes.c_void_p()
    if not failed and uuid:
        text = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
        failed = library.nvmlDeviceGetHandleByUUID(text.encode(), ctypes.byref(handle))
    elif not failed:  # an older PyTorch does not tell
        failed = library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(0), ctypes.byref(handle))
    if failed:
        raise MissingDependencyError(
            f"NVIDIA's management library answers {failed} for device {uuid or 0!r}: clocks and "
            "energy stay empty"
        )
    return Nvml(library, handle)
