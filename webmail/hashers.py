"""How passwords are kept."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, the least that OWASP's cheat sheet asks for.

    Django's default takes 100 MB for each check; mail programs sign in on every connection.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
