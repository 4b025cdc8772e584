"""How the properties are tried: the same examples every time, and one failure at most, made small."""

from hypothesis import HealthCheck, Phase, settings


def tried(examples: int, steps: int = 50) -> settings:
    """So many examples, of so many steps for a state machine."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
