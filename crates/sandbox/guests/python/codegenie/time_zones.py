"""The time zones of the world for a place without files: the table is made with the image, out of the package `tzdata`."""

import importlib.resources
import io
import zoneinfo
from zoneinfo import _common

TABLE = {}


def _load(key):
    data = TABLE.get(key)
    if data is None:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
    return io.BytesIO(data)


def install():
    """Reads the zones while the image is made; without the package there are none."""
    try:
        package = importlib.resources.files("tzdata")
        names = package.joinpath("zones").read_text().split()
        for name in names:
            TABLE[name] = package.joinpath("zoneinfo", *name.split("/")).read_bytes()
    except (ImportError, OSError):
        return
    _common.load_tzdata = _load
    zoneinfo.available_timezones = lambda: set(TABLE)
