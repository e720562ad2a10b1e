"""The code of the second factor, asked again before money moves: a field in a form, or a form above the acts of a page.

A page registered with ``guard.page(..., money=True)`` takes the code that comes with its form. What is typed is
not lost: a form without a good code is shown again with its reason.
"""

from flask import g, request

from access.guard import FactorStaleError
from access.principal import Principal
from commands.authenticate import Authenticate
from commands.second_factor import CodeRefusedError
from dashboard import plain
from revenue.refusal import RefusedError

FIELD_NAME = "factor_code"
# what a template of a form puts before its button
FACTOR_FIELD = """{% if factor_stale %}<label for="factor_code">{{ words("totp.code") }}</label>
<input id="factor_code" name="factor_code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
 maxlength="20" required>
<p class="note">{{ words("totp.again") }}</p>
{% if factor_problem %}<p class="problem" role="alert">{{ factor_problem }}</p>{% endif %}{% endif %}"""
# what a page with many acts puts above them
FACTOR_FORM = """{% if factor_stale %}<form method="post" action="/second-factor?next={{ factor_next }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="code">{{ words("totp.code") }}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="20" required>
<p class="note">{{ words("totp.again") }}</p>
<button class="primary">{{ words("totp.go_on") }}</button></form>{% endif %}"""
MoneyRefusal = (RefusedError, FactorStaleError)


def renewed(authenticate: Authenticate, principal: Principal, token: str, address: str) -> Principal:
    """Return the principal after taking the code that came with a form; unchanged when there was none, or a bad one."""
    typed = request.form.get(FIELD_NAME, "") if request.method == "POST" else ""
    if not principal.factor_stale or not typed:
        return principal
    try:
        g.principal = authenticate.renew_factor(token, typed, address)
    except CodeRefusedError as refusal:
        g.factor_problem = refused_words(refusal)
        return principal
    fresh: Principal = g.principal
    return fresh


def refused_words(refusal: CodeRefusedError) -> str:
    """Return why a code was not taken, in the reader's language."""
    said = plain.words()
    if refusal.wait_s <= 0:
        return said("totp.wrong")
    return said("access.login.wait", seconds=int(refusal.wait_s) + 1)
