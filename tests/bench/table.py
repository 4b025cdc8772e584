"""Results on the terminal: a table per measurement, a line per quantity, a column per contender or size."""

from rich.console import Console
from rich.table import Column, Table

from tests.bench.results import Figure, Measurement, Results


def show(console: Console, results: Results) -> None:
    """Print everything."""
    for measurement in results.measurements:
        if measurement.failure is not None:
            console.print(f"[bold red]{measurement.name} failed:[/]", end=" ")
            console.print(measurement.failure, markup=False, highlight=False)
            continue
        console.print(table_of(measurement))
        console.print(f"{measurement.conditions}.\n", style="dim", highlight=False)


def table_of(measurement: Measurement) -> Table:
    """A measurement's figures; medians, with the least and the most of the rounds in brackets."""
    columns = [Column(of, justify="right") for of in measurement.contenders]
    table = Table(Column(no_wrap=True), *columns, "unit", title=measurement.title, title_justify="left")
    for name, unit in measurement.quantities:
        table.add_row(name, *(cell(measurement.figure(name, of)) for of in measurement.contenders), unit)
    return table


def cell(figure: Figure | None) -> str:
    """A figure with its spread; "no round counts" where every round had a request refused."""
    if figure is None:
        return ""
    if figure.value is None:
        return "no round counts"
    spread = ""
    if figure.least is not None and figure.most is not None and figure.least != figure.most:
        spread = f" ({number(figure.least)}-{number(figure.most)})"
    return number(figure.value) + spread


def number(value: float) -> str:
    """Three digits that count, and no more."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"
