"""What programs read: nothing but what the pages show to the same person."""

from reauth.access import Act, Role


async def test_who_asks_is_told(browse):
    """With what they may do: a program finds out before it fails."""
    answer = await (await browse(roles=[Role.AUDITOR])).get("/api/v1/me")

    told = await answer.json()
    assert ("boss1", False) == (told["name"], told["elevated"])
    assert sorted([Act.KEEP_SELF, Act.LOOK, Act.SEE_AUDIT, Act.SEE_SETTINGS]) == told["acts"]
