"""How the properties are tried: the same examples every time, and one failure at most."""

from hypothesis import HealthCheck, Phase, settings


def tried(examples: int, steps: int = 50, *, shrink: bool = True) -> settings:
    """So many examples, of so many steps for a state machine; `shrink` where an example costs little."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
    )
