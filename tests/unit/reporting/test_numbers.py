from math import nan

import pytest

from spml.reporting import numbers


def test_a_number_that_is_unknown_is_a_dash():
    assert (
        numbers.number(nan) == numbers.percent(nan) == numbers.interval(nan, nan) == numbers.mean_std(nan, nan) == "–"
    )


def test_one_replicate_has_a_mean_alone():
    assert numbers.mean_std(61.234, nan) == "61.23" and numbers.mean_std(61.234, 0.125, ".1f") == "61.2 ± 0.1"
    assert numbers.replicates(1) == "one replicate" and numbers.replicates(3) == "mean of 3 replicates"


def test_numbers_keep_their_format_and_have_signs_of_minus():
    assert numbers.percent(0.1234) == "12.3" and numbers.number(-1.5, "+.2f") == "−1.50"
    assert numbers.mean_std(-1.25, 0.5) == "−1.25 ± 0.50"
    assert numbers.interval(-0.5, 1.25, "+.2f") == "−0.50 to +1.25"


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (61, "1 min 01 s"), (3660, "1 h 01 min")])
def test_a_duration_in_the_units_that_people_read(seconds, text):
    assert numbers.duration(seconds) == text
