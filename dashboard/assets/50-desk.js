/* The desk's bell (beep and flash at a new message to the desk), and buttons that copy a text. */
(function () {
  "use strict";
  var EVERY_MS = 10000, MUTED = "pvmon-muted";
  var seen = null, mark = "", waiting = [], context = null, title = "", blink = null;

  function kept() { try { return window.localStorage.getItem(MUTED) === "1"; } catch (_) { return false; } }
  function keep(muted) { try { window.localStorage.setItem(MUTED, muted ? "1" : "0"); } catch (_) { /* for this page only */ } }
  function still() { return window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches; }
  function bell() { return document.getElementById("bell"); }

  function sound() {
    if (!context && (window.AudioContext || window.webkitAudioContext)) {
      context = new (window.AudioContext || window.webkitAudioContext)();
    }
    return context;
  }
  function beep(severity) {
    var out = sound();
    if (!out) { return; }
    if (out.state === "suspended") { out.resume(); }
    var tones = severity === "S1" ? [880, 660, 880] : severity === "S2" ? [660, 660] : [520];
    tones.forEach(function (hertz, number) {
      var at = out.currentTime + number * 0.28, tone = out.createOscillator(), loud = out.createGain();
      tone.frequency.value = hertz;
      loud.gain.setValueAtTime(0.0001, at);
      loud.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
      tone.connect(loud); loud.connect(out.destination);
      tone.start(at); tone.stop(at + 0.24);
    });
    window.pvmonBeeps = (window.pvmonBeeps || 0) + 1;
  }

  function say() {
    var button = bell(), muted = kept();
    if (!button) { return; }
    var blocked = !muted && context && context.state === "suspended";
    button.textContent = button.getAttribute(muted ? "data-mute" : blocked ? "data-blocked" : "data-loud");
    button.setAttribute("aria-pressed", muted ? "true" : "false");
  }

  function flash() {
    var box = document.getElementById("call");
    if (!box) { return; }
    box.hidden = waiting.length === 0;
    window.clearInterval(blink);
    if (title) { document.title = title; title = ""; }
    if (!waiting.length) { return; }
    var worst = waiting.slice().sort(function (a, b) { return a.severity < b.severity ? -1 : 1; })[0];
    box.setAttribute("data-severity", worst.severity);
    document.getElementById("call-mark").textContent = worst.severity;
    var words = document.getElementById("call-words"), queue = bell().getAttribute("data-queue");
    words.textContent = waiting.length === 1 ? worst.title
      : bell().getAttribute("data-many").replace("{count}", waiting.length).replace("{title}", worst.title);
    words.setAttribute("href", queue + (worst.alert ? "/" + encodeURIComponent(worst.alert) : ""));
    title = document.title;
    document.title = "\u25cf " + title;
    if (!still()) {
      blink = window.setInterval(function () {
        document.title = document.title === title ? "\u25cf " + title : title;
      }, 1000);
    }
  }

  function heard(answer) {
    var first = seen === null, news = [];
    seen = seen || {};
    mark = answer.at || mark;
    (answer.calls || []).forEach(function (call) {
      if (!seen[call.id]) { seen[call.id] = true; if (!first) { news.push(call); } }
    });
    if (news.length) { waiting = waiting.concat(news); flash(); }
    var loud = news.concat(waiting.filter(function (call) { return call.severity === "S1"; }));
    if (loud.length && !kept()) {
      beep(loud.some(function (call) { return call.severity === "S1"; }) ? "S1" : news[0].severity);
    }
    say();
  }

  function ask() {
    var button = bell();
    if (!button || button.offsetParent === null || !window.fetch) { return; }
    window.fetch(button.getAttribute("data-address") + "?since=" + encodeURIComponent(mark),
      { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.ok ? answer.json() : null; })
      .then(function (answer) { if (answer) { heard(answer); } })
      .catch(function () { /* the bar on top says that the line is cut */ });
  }

  function copied(button, fine) {
    var before = button.getAttribute("data-words") || button.textContent;
    button.setAttribute("data-words", before);
    button.textContent = button.getAttribute(fine ? "data-done" : "data-failed");
    window.setTimeout(function () { button.textContent = before; }, 2500);
  }
  function copy(button) {
    var field = document.getElementById(button.getAttribute("data-copy"));
    if (!field) { return; }
    function byHand() {
      var hidden = field.hidden;
      field.hidden = false; field.focus(); field.select();
      var fine = false;
      try { fine = document.execCommand("copy"); } catch (_) { fine = false; }
      field.hidden = hidden && fine;
      button.focus();
      copied(button, fine);
    }
    if (!window.navigator.clipboard || !window.isSecureContext) { byHand(); return; }
    window.navigator.clipboard.writeText(field.value).then(function () { copied(button, true); }, byHand);
  }

  document.addEventListener("click", function (event) {
    var place = event.target && event.target.closest ? event.target.closest("button, a") : null;
    if (!place) { return; }
    if (place.hasAttribute("data-copy")) { event.preventDefault(); copy(place); }
    if (place.id === "bell") { keep(!kept()); if (!kept()) { sound().resume(); beep("S3"); } say(); }
    if (place.id === "call-seen" || place.id === "call-words") { waiting = []; flash(); }
  });
  window.setInterval(ask, EVERY_MS);
  window.setTimeout(function () { say(); ask(); }, 1500);
}());
