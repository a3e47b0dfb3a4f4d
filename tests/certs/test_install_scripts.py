"""What leaves the building: each script adds, takes back, and refuses what nobody could mean."""

import os
import plistlib
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reauth import ca

CERTS = Path(__file__).parents[2] / "certs"
LINUX, MACOS, WINDOWS = (CERTS / f"install_{name}" for name in ("linux.sh", "macos.sh",
                                                                "windows.ps1"))  # fmt: skip

CAN_ISOLATE = (
    os.geteuid() == 0
    and shutil.which("unshare") is not None
    and shutil.which("update-ca-certificates") is not None
    and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
)

needs_certutil = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="certutil is missing: apt-get install libnss3-tools"
)
needs_isolation = pytest.mark.skipif(
    not CAN_ISOLATE, reason="needs root, unshare and Debian's update-ca-certificates"
)

# The machine's own folders are covered by copies that only this process and its children see.
ISOLATED = """
set -e
mkdir -p {work}/anchors {work}/ssl
cp -a /usr/local/share/ca-certificates/. {work}/anchors
cp -a /etc/ssl/. {work}/ssl
mount --bind {work}/anchors /usr/local/share/ca-certificates
mount --bind {work}/ssl /etc/ssl
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with `one.pem`, `two.pem` (while rotating) and a home with an NSS database."""
    ca.create(tmp_path / "ca", excluded=["bank.example"])
    (tmp_path / "one.pem").write_bytes(ca.export(tmp_path / "ca"))
    ca.rotate(tmp_path / "ca")
    (tmp_path / "two.pem").write_bytes(ca.export(tmp_path / "ca"))
    (tmp_path / "home").mkdir()
    return tmp_path


def linux(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINUX, *arguments], cwd=work, env={**os.environ, "HOME": str(work / "home")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def database(work: Path, place: str) -> Path:
    folder = work / "home" / place
    folder.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "--empty-password", "-d", f"sql:{folder}"], check=True)
    return folder


def trusted(folder: Path) -> dict[str, str]:
    """Nicknames of ours in an NSS database, and what they are trusted for."""
    listed = subprocess.run(
        ["certutil", "-L", "-d", f"sql:{folder}"], capture_output=True, text=True, check=True
    ).stdout
    return dict(re.findall(r"^(reauth-[0-9a-f]{16})\s+(\S+)\s*$", listed, re.MULTILINE))


def marked(file: Path) -> str:
    return "reauth-" + ca.show(file)["sha256"].replace(":", "")[:16].lower()


@needs_certutil
def test_browsers_trust_it_and_then_no_longer(work: Path):
    """Chromium's and Firefox's databases, for TLS servers only; twice is as good as once."""
    places = ".pki/nssdb", ".mozilla/firefox/abc.default", "snap/firefox/common/.mozilla/firefox/x"
    folders = [database(work, place) for place in places]
    first = linux(work, "install", "--browsers-only", "one.pem")
    again = linux(work, "install", "--browsers-only", "one.pem")

    assert (0, 0) == (first.returncode, again.returncode), first.stderr + again.stderr
    assert [{marked(work / "ca"): "C,,"}] * 3 == [trusted(folder) for folder in folders]
    assert 3 == first.stdout.count("added to") == again.stdout.count("already in")
    assert 0 == linux(work, "remove", "--browsers-only").returncode
    assert [{}] * 3 == [trusted(folder) for folder in folders]
    assert 0 == linux(work, "remove", "--browsers-only").returncode


@needs_certutil
def test_while_rotating_both_are_added_and_one_can_be_taken_back(work: Path):
    """What is in the file is removed; without a file, all that was ever added."""
    folder = database(work, ".pki/nssdb")
    linux(work, "install", "--browsers-only", "two.pem")
    both = trusted(folder)
    linux(work, "remove", "--browsers-only", "one.pem")
    rest = trusted(folder)
    listed = linux(work, "status", "--browsers-only").stdout
    linux(work, "remove", "--browsers-only")

    assert 2 == len(both)
    assert set(both) - {marked(work / "ca")} == set(rest)
    assert f"{folder}: {next(iter(rest))}\n" == listed
    assert {} == trusted(folder)


@needs_certutil
def test_what_others_have_added_stays(work: Path):
    """Only what bears our mark is ours to remove."""
    folder = database(work, ".pki/nssdb")
    command = ["certutil", "-A", "-d", f"sql:{folder}", "-n", "Theirs", "-t", "C,,", "-a"]
    subprocess.run(command, input=(work / "one.pem").read_bytes(), check=True)
    linux(work, "remove", "--browsers-only")
    listed = subprocess.check_output(["certutil", "-L", "-d", f"sql:{folder}"], text=True)

    assert "Theirs" in listed


@needs_isolation
def test_the_system_trusts_it_and_then_no_longer(work: Path):
    """Debian's own tools, on copies of the machine's folders."""
    script = ISOLATED + """
    verify() {{ openssl verify -CApath /etc/ssl/certs {work}/ca/ca.pem >/dev/null 2>&1; }}
    ! verify
    {linux} install --system-only {work}/one.pem
    verify
    {linux} install --system-only {work}/one.pem
    {linux} status --system-only
    {linux} install --system-only {work}/two.pem
    openssl verify -CApath /etc/ssl/certs {work}/ca/next.pem >/dev/null
    {linux} remove --system-only
    ! verify
    {linux} status --system-only
    diff -r {work}/anchors {work}/before
    """
    shutil.copytree("/usr/local/share/ca-certificates", work / "before", dirs_exist_ok=True)
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script.format(work=work, linux=LINUX)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    file = f"/usr/local/share/ca-certificates/{marked(work / 'ca')}.crt"

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"added {file}" in done.stdout
    assert f"already in {file}" in done.stdout
    assert f"removed {file}" in done.stdout
    assert not Path(file).exists()


def test_what_a_person_agrees_to_is_shown(work: Path):
    """Subject, end, fingerprint and constraints, to be compared with `reauth ca show`."""
    shown = linux(work, "install", "--browsers-only", "one.pem").stdout

    assert ca.show(work / "ca")["sha256"] in shown
    assert re.search("O ?= ?reauth", shown) and "notAfter=" in shown and "DNS:bank.example" in shown


def test_a_fingerprint_that_was_told_is_demanded(work: Path):
    """Right with or without colons; wrong, or one for two certificates, adds nothing."""
    right = ca.show(work / "ca")["sha256"]
    spelled = right.replace(":", "").lower()

    assert 0 == linux(work, "install", "--browsers-only", "--sha256", right, "one.pem").returncode
    assert 0 == linux(work, "install", "--browsers-only", "--sha256", spelled, "one.pem").returncode
    for fingerprint, file in (("00" * 32, "one.pem"), (right, "two.pem")):
        refused = linux(work, "install", "--browsers-only", "--sha256", fingerprint, file)
        assert 1 == refused.returncode
        assert "fingerprint" in refused.stderr or "holds more" in refused.stderr


def test_a_key_a_leaf_and_an_expired_ca_are_refused(work: Path):
    """What must not leave the server, what cannot sign, what no browser would take."""
    key = (work / "ca" / "ca.key").read_bytes()
    (work / "key.pem").write_bytes((work / "one.pem").read_bytes() + key)
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"]  # fmt: skip
    leaf = [*make, "-addext", "basicConstraints=critical,CA:FALSE", "-out", "leaf.pem"]
    subprocess.run(leaf, cwd=work, capture_output=True, check=True)
    ca.create(work / "old", now=datetime(2020, 1, 1, tzinfo=UTC))
    shutil.copy(work / "old" / "ca.pem", work / "old.pem")
    (work / "none.pem").write_text("nothing\n")
    said = {
        file: linux(work, "install", "--browsers-only", file)
        for file in ("key.pem", "leaf.pem", "old.pem", "none.pem", "missing.pem")
    }

    assert {1} == {each.returncode for each in said.values()}
    assert [
        "holds a private key", "is no CA", "an expired CA", "no certificate in PEM", "cannot read",
    ] == [
        next(part for part in ("holds a private key", "is no CA", "an expired CA",
                               "no certificate in PEM", "cannot read") if part in each.stderr)
        for each in said.values()
    ]  # fmt: skip


@pytest.mark.parametrize("script", [LINUX, MACOS], ids=lambda path: path.stem)
def test_help_teaches_and_nonsense_exits_two(script: Path, tmp_path: Path):
    """Asked wrongly is 2, on every platform alike, and nothing has been touched."""
    helped = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    for word in ("install", "remove", "status", "--sha256", "Exit code"):
        assert word in helped.stdout
    for wrong in ([], ["fly"], ["install"], ["status", "x"], ["install", "a", "b"],
                  ["install", "--sha256"], ["--what"]):  # fmt: skip
        done = subprocess.run([script, *wrong], cwd=tmp_path, capture_output=True, check=False)
        assert 2 == done.returncode, wrong


def test_the_scripts_of_another_system_say_so():
    """Nothing is half done on the wrong machine."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    done = subprocess.run([MACOS, "status"], capture_output=True, text=True, check=False)

    assert (1, "install_macos.sh: this is no Mac\n") == (done.returncode, done.stderr)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is missing")
@pytest.mark.parametrize("script", [LINUX, MACOS], ids=lambda path: path.stem)
def test_shellcheck_finds_nothing(script: Path):
    """Quoting in a script that runs as root is not a matter of taste."""
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)

    assert "" == done.stdout


def test_the_windows_script_reads_the_same_in_every_powershell():
    """Windows PowerShell 5.1 takes a file without a mark for the local code page: ASCII only."""
    text = WINDOWS.read_bytes().decode("ascii")

    for pair in ("{}", "()", "[]"):
        assert text.count(pair[0]) == text.count(pair[1])
    for action in ("install", "remove", "status"):
        assert f"'{action}' {{" in text
    assert "Disable-FirefoxPolicy }" in text


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="PowerShell is missing")
def test_the_windows_script_parses():
    """By PowerShell's own parser, where there is one."""
    code = (
        "$e = $null; [void][Management.Automation.Language.Parser]::ParseFile("
        f"'{WINDOWS}', [ref]$null, [ref]$e); exit $e.Count"
    )

    assert 0 == subprocess.run(["pwsh", "-NoProfile", "-Command", code], check=False).returncode


def test_the_profile_for_ios_is_filled_in_as_the_readme_says(work: Path):
    """The README's own command, run; the profile then holds the CA and says how to remove it."""
    readme = (CERTS / "README.md").read_text()
    recipe = re.search(r"```sh\n(name=.*?)```", readme, re.DOTALL)
    assert recipe is not None
    (work / "ca.der").write_bytes(ca.export(work / "ca", "der"))
    shutil.copy(CERTS / "ios.mobileconfig", work)
    subprocess.run(["bash", "-euc", recipe[1]], cwd=work, check=True)
    profile = plistlib.loads((work / "reauth.mobileconfig").read_bytes())
    root = profile["PayloadContent"][0]

    assert "@" not in (work / "reauth.mobileconfig").read_text()
    assert "com.apple.security.root" == root["PayloadType"]
    assert ca.export(work / "ca", "der") == root["PayloadContent"]
    assert marked(work / "ca") == profile["PayloadIdentifier"] == root["PayloadDisplayName"]
    assert profile["PayloadUUID"] != root["PayloadUUID"]
    assert profile["PayloadRemovalDisallowed"] is False


def test_every_install_has_its_removal_in_the_readme():
    """One row a platform; both commands, and how to see what is there."""
    rows = [line for line in (CERTS / "README.md").read_text().splitlines() if line[:2] == "| "]

    for script in (LINUX, MACOS, WINDOWS):
        row = next(line for line in rows if script.name in line)
        assert all(f"{script.name} {word}" in row for word in ("install", "remove", "status"))


def test_no_key_lies_in_the_folder():
    """What leaves the building is certificates' patterns and scripts."""
    for file in CERTS.iterdir():
        assert "BEGIN PRIVATE" not in file.read_text()
