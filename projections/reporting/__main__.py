"""Prints the description of the views: `make views` writes it to VIEWS.md."""

import sys

from projections.reporting.documentation import documentation

sys.stdout.write(documentation())
