"""The two templates of the money forms: a file, and a paper typed beside its photo."""

HEAD = """<style>main { max-width: 64rem; } .rows li { margin: .25rem 0; }
.kinds { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1rem; }
.kinds a { color: var(--blue); padding: .4rem .7rem; border: 1px solid var(--line); border-radius: 8px; text-decoration: none; }
.kinds a[aria-current] { background: var(--blue); color: #fff; }
@media (prefers-color-scheme: dark) { .kinds a[aria-current] { color: #0d1720; } }
.typed { display: grid; gap: 1.5rem; grid-template-columns: minmax(0, 1fr); } @media (min-width: 56rem) { .typed.photo { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.typed img { width: 100%; border: 1px solid var(--line); border-radius: 8px; position: sticky; top: 1rem; }
.check { min-height: 1.4em; margin: .1rem 0 0; font-size: .95rem; } .check.bad { color: var(--bad); }
.check.good { color: var(--green); } .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0 1rem; }</style>
<nav class="kinds" aria-label="{{ words("entry.kinds") }}">{% for href, label in links %}
<a href="{{ href }}"{% if href == action %} aria-current="page"{% endif %}>{{ label }}</a>{% endfor %}</nav>
<p class="note">{{ about }}</p>"""
_SAID = """<div id="said" role="status">{% if said.problems %}
<p class="problem" role="alert">{{ said.text or said.problems[0] }}</p>
{% if said.text %}<ul class="rows">{% for one in said.problems %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}
{% elif said.text %}<p class="note"><b>{{ said.text }}</b></p>{% endif %}</div>"""
_FOOT = """<a class="button" href="{{ home }}">{{ words("access.back") }}</a>
<script src="{{ script }}" defer></script>"""

FILE_PAGE = f"""{HEAD}{_SAID}
<form method="post" enctype="multipart/form-data" action="{{{{ action }}}}" data-stay data-progress="{{{{ progress }}}}">
<input type="hidden" name="csrf_token" value="{{{{ csrf }}}}">
<input type="hidden" name="ticket" value="{{{{ ticket }}}}">
<p class="note" id="progress" role="status" aria-live="polite"></p>
{{% if dated %}}<label for="on">{{{{ words("entry.opening_day") }}}}</label>
<input id="on" name="on" type="date" required value="{{{{ today }}}}">
<label for="document">{{{{ words("entry.opening_document") }}}}</label>
<input id="document" name="document" maxlength="200" required>{{% endif %}}
<label for="file">{{{{ words("entry.pick") }}}}</label>
<input id="file" name="file" type="file" accept=".xlsx,.xls,.csv,.pdf" required>
<button name="keep" value="">{{{{ words("entry.preview") }}}}</button>
<button class="primary" name="keep" value="1">{{{{ words("entry.keep") }}}}</button></form>
{_FOOT}"""

TYPED_PAGE = f"""{HEAD}{_SAID}
<form method="post" enctype="multipart/form-data" action="{{{{ action }}}}" data-stay
 data-fits="{{{{ words("entry.fits") }}}}" data-off="{{{{ words("entry.differs") }}}}"
 data-near="{{{{ words("entry.near") }}}}">
<input type="hidden" name="csrf_token" value="{{{{ csrf }}}}">
<div class="typed{{% if has_photo %}} photo{{% endif %}}"><div>
{{% if has_photo %}}<label for="photo">{{{{ words("entry.photo") }}}}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png" capture="environment">
<img id="shown" alt="{{{{ words("entry.photo") }}}}" hidden>{{% endif %}}
</div><div class="two">{{% for one in fields %}}
<div><label for="f-{{{{ one.name }}}}">{{{{ one.label }}}}</label>
<input id="f-{{{{ one.name }}}}" name="{{{{ one.name }}}}" type="{{{{ one.kind }}}}" inputmode="{{{{ one.mode }}}}"
 autocomplete="off" maxlength="200" value="{{{{ typed.get(one.name, '') }}}}"{{% if one.needed %}} required{{% endif %}}>
<p class="check" id="check-{{{{ one.name }}}}" aria-live="polite"></p></div>{{% endfor %}}</div></div>
<button name="keep" value="">{{{{ words("entry.check") }}}}</button>
<button class="primary" name="keep" value="1">{{{{ words("entry.keep") }}}}</button></form>
{_FOOT}"""
