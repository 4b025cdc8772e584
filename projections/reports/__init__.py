"""The reports, one file each: whatever module here has a `REPORT` is one."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from projections.read_model import ReadModel
from projections.report import Report
from projections.report_reading import TABLES

_modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]

REPORTS: Mapping[str, Report] = {module.REPORT.name: module.REPORT for module in _modules if hasattr(module, "REPORT")}
"""Every report by its name."""

READ_MODELS_OF_REPORTS: tuple[ReadModel, ...] = tuple(
    each
    for module in _modules
    for each in vars(module).values()
    if isinstance(each, ReadModel) and each.name not in TABLES
)
"""The tables that reports have for themselves, defined beside them."""
