"""Rules of the demo's picture."""

import pytest

from reauth.demo.picture import Story, draw, shares


def test_the_share_is_unknown_until_the_window_is_full():
    """Undecided is not "none low"."""
    known = pytest.approx(2 / 3)

    assert shares([-1.0, 1.0, -1.0, -1.0], 0.0, 3) == [None, None, known, known]


@pytest.mark.parametrize("suffix", ["svg", "png"])
@pytest.mark.parametrize(("takeover", "alert"), [(5.0, 8.0), (None, None)])
def test_a_picture_is_written_whatever_happened(tmp_path, suffix, takeover, alert):
    """With and without takeover and alert, as SVG and as PNG."""
    path = tmp_path / f"p.{suffix}"
    scored = [(float(t), 1.0 if t < 5 else -1.0) for t in range(10)]

    draw(Story("title", scored, takeover, alert, 0.0, 3, 2), path)

    assert path.read_bytes()[:4] in (b"<?xm", b"\x89PNG")
