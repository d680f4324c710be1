"""The explorer: one page, offline, in all languages, to look through an account.

The page carries everything it needs and asks nothing of any server; its content-security policy
allows the one style sheet and the scripts it carries, by their hashes. Names and notes reach it as
JSON in a data block that is never run, and are only ever set as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from mfa.locale import LANGUAGES, translator
from mfa.report.explorer_data import explorer_data
from mfa.report.html import LANGUAGE_NAMES, _file, _policy, _style, _version

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.errors import Problem
    from mfa.report.pictures import Pictures

# What could end the data block or a line in it, and what some parsers take for a line end.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render_explorer(
    account: Account,
    languages: Sequence[str] = LANGUAGES,
    extra: str = "",
    *,
    pictures: Pictures | None = None,
    reports: Mapping[str, str] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    account
        The balanced account.
    languages
        Those one can switch between; the first is shown first.
    extra
        A further script, for pages that a server keeps fresh; it may ask that server.
    pictures
        Those which a report of the same account has drawn already.
    reports
        Language → file name of the report beside the page, to link to.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    data = explorer_data(account, languages, pictures)
    data["reports"] = dict(reports or {})
    environment = Environment(
        loader=PackageLoader("mfa.report"), autoescape=True, undefined=StrictUndefined
    )
    style = _style() + _file("explorer.css")
    script = _file("explorer.js")
    policy = _policy(style, script)
    if extra:
        policy = policy.replace("script-src", f"script-src {_digest(extra)}")
        policy += "; connect-src 'self'"
    return environment.get_template("explorer.html.j2").render(
        language=languages[0],
        languages=[(x, LANGUAGE_NAMES[x]) for x in languages],
        title=account.system.title(languages[0]),
        reports=data["reports"],
        words={key: texts[0] for key, texts in data["words"].items()},
        data=Markup(data_block(data)),
        style=Markup(style),
        script=Markup(script),
        extra=Markup(extra),
        policy=policy,
        version=_version(),
    )


def render_problems(title: str, problems: Sequence[Problem], language: str, extra: str) -> str:
    """Return the page that lists what is wrong with the input; `extra` as in `render_explorer`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mfa.report"), autoescape=True, undefined=StrictUndefined
    )
    environment.globals["_"] = translator(language)
    style = _style() + _file("explorer.css")
    return environment.get_template("problems.html.j2").render(
        language=language,
        title=title,
        rows=[(str(p.place) if p.place else "–", p.sentence(language)) for p in problems],
        style=Markup(style),
        extra=Markup(extra),
        policy=f"{_policy(style, extra)}; connect-src 'self'",
    )


def data_block(data: object) -> str:
    r"""Return `data` as JSON that can stand inside a script element, whatever it holds.

    Examples
    --------
    >>> data_block({"name": "</script><b>"})
    '{"name":"\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_UNSAFE)


def _digest(script: str) -> str:
    import base64
    import hashlib

    code = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{code}'"
