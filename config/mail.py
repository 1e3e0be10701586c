"""Where e-mails go, from one address: `smtp+tls://user:password@mail.example:587`."""

from pathlib import Path
from typing import Any

from environ import Env

FILES = "filemail"
NOWHERE = "dummymail"
_PORTS = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}


def mail_scheme(url: str) -> str:
    """Return what stands before the colon."""
    return url.partition(":")[0].lower()


def is_mail_url(url: str) -> bool:
    """Whether e-mails can be sent there, as far as the address tells."""
    scheme = mail_scheme(url)
    if scheme not in Env.EMAIL_SCHEMES:
        return False
    try:
        return scheme not in _PORTS or bool(Env.email_url_config(url)["EMAIL_HOST"])
    except ValueError:
        return False


def mail_settings(url: str, *, folder: Path | None) -> dict[str, Any]:
    """Return Django's settings for e-mail.

    Args:
        url: the address; empty for none. One that cannot be read counts as none here and is refused by a check.
        folder: where e-mails are written as files when there is no address; None to throw them away.
    """
    if url and is_mail_url(url):
        found = Env.email_url_config(url)
    elif folder is not None:
        found = {**Env.email_url_config(f"{FILES}://"), "EMAIL_FILE_PATH": str(folder)}
    else:
        found = Env.email_url_config(f"{NOWHERE}://")
    return {
        "backend": found["EMAIL_BACKEND"],
        "folder": found["EMAIL_FILE_PATH"],
        "host": found["EMAIL_HOST"] or "localhost",
        "port": found["EMAIL_PORT"] or _PORTS.get(mail_scheme(url), 25),
        "user": found["EMAIL_HOST_USER"] or "",
        "password": found["EMAIL_HOST_PASSWORD"] or "",
        "tls": found.get("EMAIL_USE_TLS", False),
        "ssl": found.get("EMAIL_USE_SSL", False),
    }
