"""A webhook's secret file, for the tests of its sink."""

import base64

SECRET = bytes(range(24))
OTHER = bytes(range(100, 164))


def letters(secret):
    """A secret as it stands in the file."""
    return "whsec_" + base64.b64encode(secret).decode()


def written(folder, *lines, mode=0o600):
    """The path of a secret file with these lines."""
    path = folder / "webhook.secret"
    path.write_text("\n".join(lines or [letters(SECRET)]) + "\n")
    path.chmod(mode)
    return str(path)
