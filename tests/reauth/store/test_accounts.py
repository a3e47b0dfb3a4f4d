"""Accounts as they lie in the file: nothing there lets anybody in."""

import sqlite3
from dataclasses import replace

from reauth.access import Act, Role
from reauth.ports.accounts import AccountRow, Attempts, InvitationRow, LoginRow, TokenRow
from reauth.store import open_store
from reauth.store.accounts import DAY, SqliteAccounts

SECRET = b"a secret of twenty b"
ANNA = AccountRow("anna", frozenset([Role.ADMIN]), "$argon2id$", "https://i sub", 1.0, SECRET, 7)
LOGIN = LoginRow("aa", "anna", "192.0.2.1", 1.0, 2.0, 30.0, 4.0)
TOKEN = TokenRow("bb", "anna", "siem", frozenset([Act.LOOK]), 1.0, 30.0)


async def test_what_is_kept_is_read_again(store):
    """All of it, by name and by subject."""
    kept = SqliteAccounts(store.desk)
    row = replace(ANNA, totp_next=SECRET[::-1], disabled=True)

    assert await kept.add_account(row)
    assert not await kept.add_account(replace(row, subject=None))
    assert not await kept.add_account(replace(row, name="eve", subject=None), first=True)
    await kept.keep_login(LOGIN)
    await kept.keep_token(TOKEN)

    assert [row] == await kept.accounts()
    assert row == await kept.account("anna") == await kept.account_of("https://i sub")
    assert await kept.account("eve") is None
    assert (LOGIN, row) == await kept.login("aa")
    assert (TOKEN, row) == await kept.token("bb")
    assert ([LOGIN], []) == (await kept.logins("anna"), await kept.logins("eve"))


async def test_what_hangs_on_an_account_survives_its_change_and_goes_with_it(store):
    """Logins, tokens, invitations."""
    kept = SqliteAccounts(store.desk)
    await kept.add_account(ANNA)
    await kept.keep_login(LOGIN)
    await kept.keep_token(TOKEN)
    await kept.invite(InvitationRow("cc", "anna", 30.0))

    await kept.change_account("anna", lambda row, _: replace(row, roles=frozenset([Role.VIEWER])))
    assert await kept.login("aa") and await kept.token("bb") and await kept.invitation("cc")
    assert ANNA.name == (await kept.change_account("anna", lambda row, _: None)).name

    assert await kept.login("aa") is None
    assert await kept.token("bb") is None
    assert await kept.invitation("cc") is None
    assert await kept.change_account("anna", lambda row, _: row) is None


async def test_logins_end_one_by_one_or_all_but_one(store):
    """Never another account's."""
    kept = SqliteAccounts(store.desk)
    for name in ("anna", "bert"):
        await kept.add_account(replace(ANNA, name=name, subject=None))
        for number in range(3):
            await kept.keep_login(replace(LOGIN, id=f"{name}{number}", account=name))

    assert 0 == await kept.end_logins(id="anna0", account="bert")
    assert 1 == await kept.end_logins(id="anna0", account="anna")
    assert 1 == await kept.end_logins(account="anna", but="anna1")
    assert {"anna1", "bert0", "bert1", "bert2"} == {row.id for row in await kept.logins()}


async def test_a_token_is_ended_by_its_owner(store):
    """Or by who names none."""
    kept = SqliteAccounts(store.desk)
    await kept.add_account(ANNA)
    await kept.keep_token(TOKEN)

    assert not await kept.end_token("bb", "bert")
    await kept.touch_token("bb", 9.0)
    assert 9.0 == (await kept.tokens())[0].used
    assert await kept.end_token("bb")
    await kept.touch_token("bb", 10.0)
    assert [] == await kept.tokens()


async def test_what_has_ended_goes(store):
    """Tries after a day, the rest by its own end."""
    kept = SqliteAccounts(store.desk)
    await kept.add_account(ANNA)
    await kept.keep_login(LOGIN)
    await kept.keep_token(TOKEN)
    await kept.invite(InvitationRow("cc", None, 30.0))
    await kept.tried(["dd"], lambda was: {"dd": Attempts(3, 0.0, 5.0)})

    await kept.expire(29.0)
    assert await kept.login("aa") and await kept.token("bb") and await kept.invitation("cc")
    await kept.expire(30.0)
    assert [] == [*await kept.logins(), *await kept.tokens()]
    assert await kept.invitation("cc") is None
    found = []
    await kept.tried(["dd"], lambda was: found.append(dict(was)) or was)
    await kept.expire(DAY + 5.0)
    await kept.tried(["dd"], lambda was: found.append(dict(was)) or was)
    assert [{"dd": Attempts(3, 0.0, 5.0)}, {"dd": Attempts()}] == found


async def test_a_name_is_data_whatever_it_looks_like(store):
    """Nothing that was typed becomes SQL."""
    kept = SqliteAccounts(store.desk)
    await kept.add_account(ANNA)
    name = "x' OR '1'='1'; DROP TABLE account; --"

    assert await kept.account(name) is None
    assert await kept.login(name) is None
    assert 0 == await kept.end_logins(id=name, account=name)
    assert [ANNA] == await kept.accounts()


def everything(folder):
    """All bytes of a folder's files."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_second_factor_is_sealed_to_its_account(tmp_path):
    """Neither the file nor its log has it in the clear."""
    path = tmp_path / "store.db"
    async with open_store(f"sqlite:///{path}", bytes(32)) as store:
        await SqliteAccounts(store.desk).add_account(ANNA)
        text = everything(tmp_path)

    assert SECRET not in text
    connection = sqlite3.connect(path)
    connection.execute("UPDATE account SET name = 'eve'")
    connection.commit()
    connection.close()
    async with open_store(f"sqlite:///{path}", bytes(32)) as store:
        try:
            await SqliteAccounts(store.desk).account("eve")
        except Exception as error:
            assert "does not open" in str(error)
        else:
            raise AssertionError("another's second factor was taken")
