"""Whom to turn to, for everybody: ``/gs/contacts/``; no login, no script."""

from flask import Flask, Response

from dashboard import guard, plain
from dashboard.pages.base import Site
from queries.public_contacts import PublicContacts

_PAGE = """{% if sample %}<p><b>{{ words("work.sheet.sample") }}</b></p>{% endif %}
<p>{{ words("care.contacts.about") }}</p>
{% for kind, days in limits %}<p class="note">{{ words("care.contacts.limit", kind=words("cases.kind." ~ kind), days=days) }}</p>{% endfor %}
{% for one in towns %}<h1 style="margin-top:1.5rem">{{ one.town }}</h1>
{% if one.contact %}<p>{{ one.contact.name }} · {{ one.contact.title }}{% if one.contact.phone %}<br>
<a href="tel:{{ one.contact.phone|replace(' ', '') }}">{{ one.contact.phone }}</a>{% endif %}</p>
{% else %}<p class="problem">{{ words("care.contacts.nobody") }}</p>{% endif %}{% endfor %}
<a class="button" href="/">{{ words("access.home") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page where this process keeps the work on faults."""
    work = site.services.work
    if work is None or work.contacts is None:
        return
    contacts: PublicContacts = work.contacts

    def show() -> Response:
        words = plain.words()
        return plain.document(
            words("work.month.contacts"),
            _PAGE,
            sample=contacts.is_sample,
            towns=contacts.towns(words.language),
            limits=contacts.answer_days(),
        )

    server.add_url_rule(
        "/gs/contacts/", "public_contacts", guard.open_page(show, form=False), methods=["GET"]
    )
