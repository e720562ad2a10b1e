"""The templates of setting up."""

_WIDE = """<style>main { max-width: 56rem; } select { width: 100%; min-height: 48px; font: inherit; color: inherit;
background: transparent; border: 1px solid var(--soft); border-radius: 8px; padding: 0 .5rem; } select option { color: #17324d; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--line); padding: .4rem .5rem;
text-align: left; vertical-align: top; overflow-wrap: anywhere; } .lines { padding-left: 1.2rem; } .lines li { overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; } .step { border-top: 1px solid var(--line); padding: .8rem 0; }
@media (max-width: 640px) { .stack, .stack tbody, .stack tr, .stack td { display: block; border: 0; padding: .15rem 0; }
.stack thead { display: none; } .stack tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } }</style>"""
_BACK = """<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_CSRF = """<input type="hidden" name="csrf_token" value="{{ csrf }}">"""

HOME = f"""{_WIDE}<p class="note">{{{{ words("setup.about") }}}}</p>
{{% for one in rows %}}<div class="step"><b>{{{{ "✓" if one.done else "○" }}}} {{{{ one.title }}}}</b>
<p class="note">{{{{ one.about }}}}</p>{{% if one.href %}}<a class="button" href="{{{{ one.href }}}}">{{{{ words("setup.open") }}}}</a>{{% endif %}}
</div>{{% endfor %}}{_BACK}"""

SETTINGS = f"""{_WIDE}<p class="note">{{{{ words("setup.settings_about") }}}}</p>
<table class="stack"><thead><tr><th>{{{{ words("setup.column.setting") }}}}</th><th>{{{{ words("setup.column.value") }}}}</th>
<th>{{{{ words("setup.column.what") }}}}</th></tr></thead><tbody>
{{% for one, what in rows %}}<tr><td><code>{{{{ one.variable }}}}</code></td>
<td>{{{{ one.value }}}}{{% if not one.is_default %}}<br><span class="note">{{{{ words("setup.default", value=one.default) }}}}</span>{{% endif %}}</td>
<td>{{{{ what }}}}</td></tr>{{% endfor %}}</tbody></table>{_BACK}"""

REGISTRY = f"""{_WIDE}<p class="note">{{{{ words("setup.registry.about") }}}}</p>
{{% if said %}}<p class="note" role="status"><b>{{{{ said }}}}</b></p>{{% endif %}}
{{% if problems %}}<p class="problem" role="alert">{{{{ words("setup.registry.problems", count=problems | length) }}}}</p>
<ul class="lines">{{% for one in problems %}}<li>{{{{ one }}}}</li>{{% endfor %}}</ul>{{% endif %}}
{{% if changes %}}<ul class="lines">{{% for one in changes[:100] %}}<li>{{{{ one }}}}</li>{{% endfor %}}</ul>
{{% if changes | length > 100 %}}<p class="note">{{{{ words("setup.registry.more", count=changes | length - 100) }}}}</p>{{% endif %}}{{% endif %}}
<form method="post" enctype="multipart/form-data" action="{{{{ action }}}}">{_CSRF}
<input type="hidden" name="parent" value="{{{{ parent }}}}">
<label for="file">{{{{ words("setup.registry.pick") }}}}</label><input id="file" name="file" type="file" accept=".xlsx,.zip" required>
<button name="keep" value="">{{{{ words("setup.registry.preview") }}}}</button>
{{% if changes %}}<p class="note">{{{{ words("setup.registry.again") }}}}</p>
<button class="primary" name="keep" value="1">{{{{ words("setup.registry.keep") }}}}</button>{{% endif %}}</form>
{{% for href, label in files %}}<a class="button" href="{{{{ href }}}}">{{{{ label }}}}</a>{{% endfor %}}{_BACK}"""

DEVICE = f"""{_WIDE}<p class="note">{{{{ words("setup.device.about") }}}}</p>
{{% if problem %}}<p class="problem" role="alert">{{{{ problem }}}}</p>{{% endif %}}
{{% if wires %}}<form method="post" action="{{{{ action }}}}">{_CSRF}
<label for="wire">{{{{ words("setup.device.wire") }}}}</label><select id="wire" name="wire">{{% for value, label in wires %}}
<option value="{{{{ value }}}}"{{% if value == typed.wire %}} selected{{% endif %}}>{{{{ label }}}}</option>{{% endfor %}}</select>
<label for="unit">{{{{ words("setup.device.unit_label") }}}}</label>
<input id="unit" name="unit" inputmode="numeric" maxlength="3" required value="{{{{ typed.unit }}}}">
<label for="name">{{{{ words("setup.device.name") }}}}</label><input id="name" name="name" maxlength="40" autocomplete="off" value="{{{{ typed.name }}}}">
<label for="rated">{{{{ words("setup.device.rated") }}}}</label><input id="rated" name="rated" inputmode="decimal" maxlength="9" value="{{{{ typed.rated }}}}">
<label for="strings">{{{{ words("setup.device.strings") }}}}</label><input id="strings" name="strings" inputmode="numeric" maxlength="3" value="{{{{ typed.strings }}}}">
<label for="profile">{{{{ words("setup.device.profile") }}}}</label><input id="profile" name="profile" maxlength="64" autocomplete="off" value="{{{{ typed.profile }}}}">
<button class="primary">{{{{ words("setup.device.ask") }}}}</button></form>
<h1 style="margin-top:2rem">{{{{ words("setup.sweep.title") }}}}</h1><p class="note">{{{{ words("setup.sweep.about", count=sweep_max) }}}}</p>
<form method="post" action="{{{{ action }}}}">{_CSRF}
<label for="wire2">{{{{ words("setup.device.wire") }}}}</label><select id="wire2" name="wire">{{% for value, label in wires %}}
<option value="{{{{ value }}}}"{{% if value == typed.wire %}} selected{{% endif %}}>{{{{ label }}}}</option>{{% endfor %}}</select>
<label for="first">{{{{ words("setup.sweep.first") }}}}</label><input id="first" name="unit" inputmode="numeric" maxlength="3" required value="1">
<label for="last">{{{{ words("setup.sweep.last") }}}}</label><input id="last" name="last" inputmode="numeric" maxlength="3" required value="16">
<button>{{{{ words("setup.sweep.begin") }}}}</button></form>
{{% else %}}<p class="note">{{{{ words("setup.device.no_wires") }}}}</p>{{% endif %}}{_BACK}"""

FINDING = f"""{_WIDE}{{% if problem %}}<p class="problem" role="alert">{{{{ problem }}}}</p>{{% endif %}}
{{% if found.waiting %}}<p role="status">{{{{ words("setup.sweep.asking", unit=found.asking) if found.asking else words("setup.device.waiting") }}}}</p>{{% endif %}}
{{% if swept %}}{{% if not units and not found.waiting and not found.problem %}}<p class="note">{{{{ words("setup.sweep.nobody") }}}}</p>{{% endif %}}
<ul class="lines">{{% for one in units %}}<li><a href="{{{{ one.href }}}}">{{{{ words("setup.sweep.unit", unit=one.unit) }}}}</a> {{{{ one.name }}}} {{{{ one.share }}}}</li>{{% endfor %}}</ul>{{% endif %}}
{{% if found.profile %}}<p><b>{{{{ found.profile }}}}</b> {{{{ found.model }}}} {{{{ found.serial }}}}</p>{{% endif %}}
{{% if candidates %}}<p class="note">{{{{ words("setup.device.candidates") }}}}</p><ul class="lines">{{% for name, share in candidates %}}
<li>{{{{ name }}}} {{{{ share }}}}</li>{{% endfor %}}</ul>{{% endif %}}
{{% if found.values %}}<h1 style="margin-top:1.5rem">{{{{ words("setup.device.values") }}}}</h1><table><tbody>
{{% for name, value, unit in found.values %}}<tr><td><code>{{{{ name }}}}</code></td><td>{{{{ value }}}} {{{{ unit }}}}</td></tr>{{% endfor %}}</tbody></table>{{% endif %}}
{{% if found.is_unread %}}<p class="note">{{{{ words("setup.device.unread") }}}}</p>{{% endif %}}
{{% if not found.waiting and not found.problem and not swept %}}{{% if found.profile %}}<form method="post" action="{{{{ action }}}}">{_CSRF}
<button class="primary">{{{{ words("setup.device.add") }}}}</button></form>
{{% else %}}<p class="note">{{{{ words("setup.device.unsure") }}}}</p>{{% endif %}}{{% endif %}}
<a class="button" href="{{{{ again }}}}">{{{{ words("setup.device.another") }}}}</a>{_BACK}"""

USERS = f"""{_WIDE}<p class="note">{{{{ words("setup.users.about") }}}}</p>
{{% if problem %}}<p class="problem" role="alert">{{{{ problem }}}}</p>{{% endif %}}
{{% if said %}}<p role="status"><b>{{{{ said }}}}</b>{{% if password %}}<br><code style="font-size:1.3rem">{{{{ password }}}}</code>{{% endif %}}</p>{{% endif %}}
<table class="stack"><tbody>{{% for one in rows %}}<tr><td><b>{{{{ one.name }}}}</b><br><code>{{{{ one.id }}}}</code></td>
<td>{{{{ one.roles }}}}<br><span class="note">{{{{ one.scope }}}}</span></td>
<td>{{% if one.disabled %}}{{{{ words("setup.users.disabled") }}}}{{% endif %}}{{% if one.own %}}{{{{ words("setup.users.yourself") }}}}{{% else %}}
{{% for act in (("enable",) if one.disabled else ("reset", "disable") if one.logs_in else ("disable",)) %}}
<form method="post" action="{{{{ action }}}}/{{{{ one.id }}}}/{{{{ act }}}}">{_CSRF}<button style="margin-top:.4rem">{{{{ words("setup.users." + act) }}}}</button></form>
{{% endfor %}}{{% endif %}}</td></tr>{{% endfor %}}</tbody></table>
<h1 style="margin-top:2rem">{{{{ words("setup.users.add") }}}}</h1>
<form method="post" action="{{{{ action }}}}">{_CSRF}
<label for="user">{{{{ words("setup.users.user") }}}}</label>
<input id="user" name="user" required maxlength="32" autocomplete="off" autocapitalize="none" spellcheck="false" value="{{{{ typed.user }}}}">
<label for="name">{{{{ words("setup.users.name") }}}}</label>
<input id="name" name="name" required maxlength="40" autocomplete="off" value="{{{{ typed.name }}}}">
<label for="role">{{{{ words("setup.users.role") }}}}</label><select id="role" name="role" required>
{{% for value, label in roles %}}<option value="{{{{ value }}}}"{{% if value == typed.role %}} selected{{% endif %}}>{{{{ label }}}}</option>{{% endfor %}}</select>
<label><input type="checkbox" name="everything" value="1" style="width:auto;min-height:0"{{% if typed.everything %}} checked{{% endif %}}>
{{{{ words("setup.users.everything") }}}}</label>
{{% for title, options in places %}}<label for="place{{{{ loop.index }}}}">{{{{ title }}}}</label>
<select id="place{{{{ loop.index }}}}" name="place" multiple size="6" style="padding:.5rem">{{% for value, label in options %}}
<option value="{{{{ value }}}}"{{% if value in chosen %}} selected{{% endif %}}>{{{{ label }}}}</option>{{% endfor %}}</select>{{% endfor %}}
<button class="primary">{{{{ words("setup.users.add") }}}}</button></form>{_BACK}"""

FIRST = f"""<p class="note">{{{{ words("setup.first.about") }}}}</p>
{{% if problem %}}<p class="problem" role="alert">{{{{ problem }}}}</p>{{% endif %}}
<form method="post" action="/first?lang={{{{ words.language }}}}">{_CSRF}
<label for="word">{{{{ words("setup.first.word") }}}}</label>
<input id="word" name="word" required maxlength="40" autocomplete="off" autocapitalize="none" spellcheck="false" value="{{{{ typed.word }}}}">
<label for="user">{{{{ words("setup.first.user") }}}}</label>
<input id="user" name="user" required maxlength="32" autocomplete="username" autocapitalize="none" value="{{{{ typed.user }}}}">
<label for="name">{{{{ words("setup.first.name") }}}}</label>
<input id="name" name="name" required maxlength="40" autocomplete="name" value="{{{{ typed.name }}}}">
<label for="password">{{{{ words("setup.first.password") }}}}</label>
<input id="password" name="password" type="password" required autocomplete="new-password">
<label for="again">{{{{ words("setup.first.again") }}}}</label>
<input id="again" name="again" type="password" required autocomplete="new-password">
<button class="primary">{{{{ words("setup.first.make") }}}}</button></form>"""
