"""The template of the form that matches a receipt by a list."""

from dashboard.pages.money.entry_pages import HEAD

MATCH_PAGE = f"""{HEAD}<p class="note">{{{{ columns }}}}</p>
<style>.seen {{ overflow-x: auto; margin: 1rem 0; }} .seen table {{ border-collapse: collapse; width: 100%; }}
.seen th, .seen td {{ text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }}
.seen th {{ color: var(--soft); }} .box {{ display: flex; gap: .6rem; align-items: center; }}
.box input {{ width: 1.4rem; min-height: 1.4rem; flex: none; }}
select {{ width: 100%; min-height: 48px; padding: 0 .75rem; font: inherit; color: inherit; background: var(--card);
border: 1px solid var(--soft); border-radius: 8px; }}</style>
<form method="post" enctype="multipart/form-data" action="{{{{ action }}}}" data-stay>
<input type="hidden" name="csrf_token" value="{{{{ csrf }}}}">
<label for="movement">{{{{ words("matching.movement") }}}}</label>
<select id="movement" name="movement" required>{{% for value, label in movements %}}
<option value="{{{{ value }}}}"{{% if value == given.get("movement") %}} selected{{% endif %}}>{{{{ label }}}}</option>{{% endfor %}}</select>
{{% if not movements %}}<p class="note">{{{{ words("matching.none") }}}}</p>{{% endif %}}
{{% if dated %}}<div class="two">{{% for name in ("first", "last") %}}<div><label for="{{{{ name }}}}">{{{{ words("matching." + name) }}}}</label>
<input id="{{{{ name }}}}" name="{{{{ name }}}}" required maxlength="10" value="{{{{ given[name] }}}}"></div>{{% endfor %}}
<div><label for="roster_on">{{{{ words("matching.roster_on") }}}}</label>
<input id="roster_on" name="roster_on" type="date" required value="{{{{ given["roster_on"] }}}}"></div></div>{{% endif %}}
<label for="file">{{{{ words("entry.pick") }}}}</label>
<input id="file" name="file" type="file" accept=".xlsx,.xls,.csv,.pdf" required>
<button name="keep" value="">{{{{ words("entry.preview") }}}}</button>
<div id="said" role="status">{{% if said.problems %}}
<p class="problem" role="alert">{{{{ said.text or said.problems[0] }}}}</p>
{{% if said.text %}}<ul class="rows">{{% for one in said.problems %}}<li>{{{{ one }}}}</li>{{% endfor %}}</ul>{{% endif %}}
{{% elif said.text %}}<p class="note"><b>{{{{ said.text }}}}</b></p>{{% endif %}}
{{% if said.rows %}}<div class="seen" tabindex="0" role="region" aria-label="{{{{ words("entry.preview") }}}}"><table>
<tr>{{% for one in said.heads %}}<th scope="col">{{{{ one }}}}</th>{{% endfor %}}</tr>
{{% for row in said.rows %}}<tr>{{% for cell in row %}}<td>{{{{ cell }}}}</td>{{% endfor %}}</tr>{{% endfor %}}</table></div>{{% endif %}}
{{% if said.seen %}}<label class="box"><input type="checkbox" name="seen" value="{{{{ said.seen }}}}">
{{{{ words("matching.seen_both" if dated else "matching.seen") }}}}</label>
<button class="primary" name="keep" value="1">{{{{ words("matching.confirm") }}}}</button>{{% endif %}}</div></form>
<a class="button" href="{{{{ home }}}}">{{{{ words("access.back") }}}}</a>
<script src="{{{{ script }}}}" defer></script>"""
