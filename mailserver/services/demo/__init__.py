"""The mail that a first start of the demo finds in its mailboxes.

The texts lie in `data/` as TOML; `data/photos/*.jpg` are renderings of the drawings (.svg) beside them. Everything is
a function of the moment of seeding: two runs with the same `now` make the same octets.
"""
