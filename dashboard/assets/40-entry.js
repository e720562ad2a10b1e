/* Forms that bring papers in: preview without leaving, the photo beside the fields, sums checked while typing. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-stay]");
  if (!form) { return; }

  /* While a file is read or kept, the server is asked how far it is. */
  var line = document.getElementById("progress");
  var asking = null;
  function watch() {
    var ticket = form.elements.ticket, at = form.getAttribute("data-progress");
    if (!line || !ticket || !at || !window.fetch || asking) { return; }
    asking = setInterval(function () {
      fetch(at + ticket.value, { headers: { Accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : { said: "" }; })
        .then(function (told) { if (asking && told.said) { line.textContent = told.said; } })
        .catch(function () { return null; });
    }, 500);
  }
  function rest() { clearInterval(asking); asking = null; if (line) { line.textContent = ""; } }
  form.addEventListener("submit", watch);

  /* A preview is asked for in the background, so that the chosen file stays chosen. */
  form.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (!button || button.name !== "keep" || button.value !== "" || !window.fetch) { return; }
    event.preventDefault();
    var sent = new FormData(form);
    sent.append("keep", "");
    button.disabled = true;
    fetch(form.action, { method: "POST", body: sent, headers: { Accept: "text/html" } })
      .then(function (answer) { return answer.text(); })
      .then(function (text) {
        var told = new DOMParser().parseFromString(text, "text/html").getElementById("said");
        var here = document.getElementById("said");
        if (told && here) { here.replaceWith(told); told.scrollIntoView({ block: "nearest" }); } else { form.submit(); }
      })
      .catch(function () { form.submit(); })
      .finally(function () { button.disabled = false; rest(); });
  });

  var photo = document.getElementById("photo");
  var shown = document.getElementById("shown");
  if (photo && shown) {
    photo.addEventListener("change", function () {
      if (shown.src) { URL.revokeObjectURL(shown.src); }
      shown.hidden = !photo.files.length;
      if (photo.files.length) { shown.src = URL.createObjectURL(photo.files[0]); }
    });
  }

  function value(name) {
    var field = form.elements[name];
    var text = field ? field.value.replace(/[,，￥¥\s]/g, "") : "";
    return text === "" || isNaN(Number(text)) ? null : Number(text);
  }
  function say(name, wanted, given, tolerance, digits) {
    var place = document.getElementById("check-" + name);
    if (!place) { return; }
    place.className = "check";
    place.textContent = "";
    if (wanted === null) { return; }
    var text = wanted.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    var off = given === null ? null : Math.abs(given - wanted);
    var fits = off !== null && off < 0.0051;
    var near = off !== null && !fits && off <= Math.max(tolerance, Math.abs(wanted) / 100);
    var words = form.getAttribute(off === null || fits ? "data-fits" : near ? "data-near" : "data-off");
    place.textContent = words.replace("#", text);
    if (off !== null) { place.classList.add(fits || near ? "good" : "bad"); }
  }
  function product(first, second) { return first === null || second === null ? null : first * second; }
  function check() {
    var kwh = value("kwh"), start = value("start"), end = value("end");
    say("amount", product(kwh, value("price")), value("amount"), 1, 2);
    say("subsidy_amount", product(kwh, value("subsidy_price")), value("subsidy_amount"), 1, 2);
    var rise = start === null || end === null || end < start ? null : end - start;
    say("kwh", product(rise, value("multiplier")), kwh, 0, 2);
  }
  form.addEventListener("input", check);
  check();
}());
