"""The main job, shown: a real browser behind the proxy, a takeover, an alert.

People are drawn by a seed from recordings of real people, or, where there are none, generated. One
enrols; then that person sits at the browser, then another one does, at the same account. The
settings (`demo.toml`) and the drawing are fixed before anything is measured; `--seeds` tells how
it ends for many seeds, without a browser.
"""
