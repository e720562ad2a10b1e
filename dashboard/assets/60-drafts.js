/* Drafts of plain forms: what is typed is kept on the server a moment later, and offered again. */
(function () {
  "use strict";
  var box = document.getElementById("draft");
  if (!box || !window.fetch) { return; }
  var WAIT_MS = 1500, NEVER = { csrf_token: 1, factor_code: 1, password: 1, current: 1, new: 1, again: 1, ticket: 1 };
  var address = box.getAttribute("data-address"), here = window.location.pathname + window.location.search;
  var forms = Array.prototype.filter.call(document.querySelectorAll("form"), function (form) {
    return form.method.toLowerCase() === "post" && form.getAttribute("action") !== "/logout" && typed(form).length > 0;
  });

  function typed(form) {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.name && !NEVER[field.name] && ["hidden", "file", "password", "submit", "button", "fieldset"].indexOf(field.type) < 0
        && field.getAttribute("autocomplete") !== "one-time-code";
    });
  }
  function isTick(field) { return field.type === "checkbox" || field.type === "radio"; }
  function pairs(form) {
    return typed(form).filter(function (field) { return !isTick(field) || field.checked; })
      .map(function (field) { return [field.name, field.value]; });
  }
  function place(form) { return new URL(form.action || here, window.location.href).pathname; }
  function say(words) { box.firstElementChild.textContent = words; box.hidden = !words; }
  function ask(path, body, form, leaving) {
    return fetch(address + path, { method: "POST", credentials: "same-origin", keepalive: Boolean(leaving),
      headers: { "Content-Type": "application/json", "Accept": "application/json",
        "X-CSRFToken": form.elements.csrf_token ? form.elements.csrf_token.value : "" },
      body: JSON.stringify(body) });
  }

  forms.forEach(function (form, number) {
    var wait = null, told = JSON.stringify(pairs(form)), sent = false, unsaved = false;
    function where() { return { place: place(form), form: number }; }
    function keep(leaving) {
      window.clearTimeout(wait);
      var now = pairs(form), text = JSON.stringify(now);
      if (sent || text === told) { unsaved = false; return; }
      told = text;
      var body = Object.assign(where(), { page: here, title: box.getAttribute("data-title"), fields: now });
      ask("", body, form, leaving).then(function (answer) {
        if (answer.status === 401) { say(box.getAttribute("data-ended")); return null; }
        return answer.ok ? answer.json() : null;
      }).then(function (answer) {
        if (answer && answer.saved) { unsaved = false; say(box.getAttribute("data-saved").replace("#", answer.saved)); }
      }).catch(function () { told = ""; say(box.getAttribute("data-offline")); });
    }
    function changed() { unsaved = true; window.clearTimeout(wait); wait = window.setTimeout(keep, WAIT_MS); }
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", function () { window.clearTimeout(wait); if (unsaved) { keep(true); } sent = true; window.setTimeout(function () { sent = false; }, 3000); });
    window.addEventListener("pagehide", function () { if (unsaved) { keep(true); } });

    function put(kept) {
      var left = kept.slice();
      typed(form).forEach(function (field) {
        var at = left.findIndex(function (pair) { return pair[0] === field.name && (!isTick(field) || pair[1] === field.value); });
        if (isTick(field)) { field.checked = at >= 0; } else if (at >= 0) { field.value = left[at][1]; }
        if (at >= 0) { left.splice(at, 1); }
      });
      form.dispatchEvent(new Event("input", { bubbles: true }));
    }
    function offer(answer) {
      if (!answer || !answer.fields || JSON.stringify(answer.fields) === JSON.stringify(pairs(form))) { return; }
      var line = document.createElement("p"), go = document.createElement("button"), drop = document.createElement("button");
      line.className = "note draft-offer";
      line.setAttribute("role", "status");
      line.textContent = box.getAttribute("data-offer").replace("#", answer.saved);
      [[go, "data-go"], [drop, "data-drop"]].forEach(function (pair) {
        pair[0].type = "button"; pair[0].textContent = box.getAttribute(pair[1]); line.appendChild(pair[0]);
      });
      go.addEventListener("click", function () { put(answer.fields); line.remove(); });
      drop.addEventListener("click", function () { ask("/drop", where(), form); line.remove(); });
      form.parentNode.insertBefore(line, form);
    }
    var query = "?place=" + encodeURIComponent(place(form)) + "&form=" + number;
    fetch(address + query, { credentials: "same-origin", headers: { "Accept": "application/json" } })
      .then(function (answer) { return answer.ok ? answer.json() : null; }).then(offer).catch(function () { return null; });
  });
}());
