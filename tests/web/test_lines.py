"""Lines for the device: the urgent first, nobody for ever last."""

from __future__ import annotations

from server.web.lines import Line, Turn, next_turn


def turn() -> Turn:
    return Turn(lambda: lambda *, check: None, result=None)  # type: ignore[arg-type]


def order(lines: dict[str, Line], turns: int) -> str:
    """Which lines have so many turns, one after the other, while somebody waits in all of them."""
    served = ""
    for _ in range(turns):
        for line in lines.values():
            if not line.turns:
                line.turns.append(turn())
        before = {name: len(line.turns) for name, line in lines.items()}
        assert next_turn(list(lines.values())) is not None
        served += next(name for name, line in lines.items() if len(line.turns) < before[name])
    return served


def test_nobody_waits() -> None:
    assert next_turn([Line(None), Line(3)]) is None


def test_the_most_urgent_line_goes_first_and_the_others_have_a_patience() -> None:
    assert order({"a": Line(None), "b": Line(2), "c": Line(5)}, 12) == "aabaabcabaab"[:12]


def test_patience_begins_anew_when_nobody_waits_any_more() -> None:
    urgent, patient = Line(None), Line(3)
    patient.turns.append(turn())
    for _ in range(2):
        urgent.turns.append(turn())
        next_turn([urgent, patient])
    assert patient.passed == 2
    patient.turns.clear()  # its caller left
    urgent.turns.append(turn())
    next_turn([urgent, patient])
    assert patient.passed == 0


def test_a_line_is_first_come_first_served() -> None:
    line, turns = Line(None), [turn(), turn(), turn()]
    line.turns.extend(turns)
    assert [next_turn([line]) for _ in turns] == turns
