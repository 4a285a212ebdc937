"""The functions of `toolkit_adapters` stay functions, whatever modules were imported."""

from __future__ import annotations

import importlib
import pkgutil

import toolkit_adapters as harness


def test_no_room_has_the_name_of_a_function() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(harness.__path__)}
    assert not rooms & set(harness.__all__)


def test_a_report_can_be_asked_for_after_its_room_was_imported() -> None:
    importlib.import_module("toolkit_adapters.reporting.collect")
    for name in harness.__all__:
        assert callable(getattr(harness, name))
