"""What the pages work with comes from one place, and knows of no adapter."""

from dataclasses import fields

from reauth.console.subjects import Subjects


async def test_the_doors_are_those_of_the_site(site):
    """Every one is there; where settings came from may be unknown."""
    doors = site.subjects

    assert all(getattr(doors, one.name) is not None for one in fields(Subjects))
    assert {} == doors.sources
    assert doors.enrolling is doors.lists.enrolling
