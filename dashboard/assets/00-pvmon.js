/* Small scripts of the pages: no page data is computed here. */
(function () {
  "use strict";
  var root = document.documentElement;
  var build = root.getAttribute("data-build") || "";
  var touched = Date.now();
  ["pointerdown", "keydown", "scroll"].forEach(function (name) {
    window.addEventListener(name, function () { touched = Date.now(); }, { passive: true, capture: true });
  });

  function bar(kind) {
    var box = document.getElementById("bar");
    if (!box) { return; }
    if (kind === null) {
      if (box.getAttribute("data-kind") !== "build") { box.hidden = true; box.removeAttribute("data-kind"); }
      return;
    }
    if (box.getAttribute("data-kind") === "build" && kind !== "build") { return; }
    box.setAttribute("data-kind", kind);
    document.getElementById("bar-words").textContent = box.getAttribute("data-" + kind);
    document.getElementById("bar-reload").hidden = kind !== "build" && kind !== "failed";
    box.hidden = false;
  }

  function toLogin() {
    var here = window.location.pathname + window.location.search;
    window.location.assign("/login?next=" + encodeURIComponent(here));
  }

  /* Every answer passes here: no login any more, another build, no connection. */
  var original = window.fetch;
  window.fetch = function (resource, options) {
    var url = typeof resource === "string" ? resource : resource.url;
    var ours = url.charAt(0) === "/" || url.indexOf(window.location.origin) === 0;
    if (!ours) { return original.call(this, resource, options); }
    var sent = Object.assign({}, options || {});
    if (sent.headers instanceof Headers) {
      sent.headers.set("X-Idle-S", String(Math.round((Date.now() - touched) / 1000)));
    } else {
      sent.headers = Object.assign({}, sent.headers, { "X-Idle-S": String(Math.round((Date.now() - touched) / 1000)) });
    }
    return original.call(this, resource, sent).then(function (answer) {
      var now = answer.headers.get("X-Pvmon-Build");
      if (answer.status === 401) { toLogin(); }
      else if (now && build && now !== build) { bar("build"); }
      else if (answer.status === 403) { bar("denied"); }
      else if (answer.status >= 500) { bar("failed"); }
      else { bar(null); }
      return answer;
    }, function (error) {
      bar("offline");
      throw error;
    });
  };

  document.addEventListener("click", function (event) {
    if (event.target && event.target.id === "bar-reload") { window.location.reload(); }
  });

  /* The chosen language is kept with the account; the address need not carry it on. */
  var address = new URL(window.location.href);
  if (address.searchParams.has("lang")) {
    address.searchParams.delete("lang");
    window.history.replaceState(window.history.state, "", address.pathname + address.search + address.hash);
  }

  var pages = window.dash_clientside = window.dash_clientside || {};
  pages.pvmon = {
    setTitle: function (title) {
      if (title) { document.title = title; }
      return pages.no_update;
    },
    toggleMenu: function (opened, _path, navbar) {
      var byPath = pages.callback_context.triggered.some(function (t) { return t.prop_id.indexOf("url.") === 0; });
      var open = byPath ? false : Boolean(opened);
      return [Object.assign({}, navbar, { collapsed: { mobile: !open } }), open];
    },
    phoneList: function (rows) {
      function part(type, props) { return { namespace: "dash_html_components", type: type, props: props }; }
      return (rows || []).map(function (row) {
        var link = { namespace: "dash_core_components", type: "Link", props: { children: row.name, href: row.path } };
        var icon = part("Span", { className: "icon icon-" + row.worst[0] });
        var badge = part("Span", { className: "badge", style: { "--state": row.worst[1] },
          children: [icon, part("Span", { children: row.worst[2] })] });
        return part("Li", { key: row.id, children: [
          part("Div", { className: "row", children: [link, badge] }),
          part("Div", { className: "row", children: row.line })] });
      });
    },
    /* A chart out of sight waits until it is scrolled to, or until the page has come to rest. */
    drawLater: function (figure, options) {
      var graph = { namespace: "dash_core_components", type: "Graph", props: Object.assign({ figure: figure }, options) };
      var box = document.getElementById(options.id + "-box");
      if (!box || document.getElementById(options.id) || !window.IntersectionObserver) { return graph; }
      return new Promise(function (draw) {
        var seen = new IntersectionObserver(function (entries) {
          if (entries.some(function (entry) { return entry.isIntersecting; })) { done(); }
        });
        var rest = window.setTimeout(done, 2000);
        function done() { window.clearTimeout(rest); seen.disconnect(); draw(graph); }
        seen.observe(box);
      });
    },
    openPlant: function (click, paths) {
      var point = click && click.points && click.points[0];
      var from = pages.callback_context.triggered.some(function (t) { return t.prop_id.indexOf(".clickData") > 0; });
      if (!point || !from) { return pages.no_update; }
      var path = paths[point.customdata] || paths[point.y];
      return path || pages.no_update;
    }
  };

  /* Cells of the tables. */
  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  cells.PlantLink = function (props) {
    if (!props.data || !props.data.path) { return props.value || null; }
    return React.createElement(window.dash_core_components.Link, { href: props.data.path, title: props.value }, props.value);
  };
  cells.StateBadge = function (props) {
    var state = props.value && props.data && props.data[props.column.getColId() + "_look"];
    if (!state) { return null; }
    return React.createElement("span", { className: "badge", style: { "--state": state[1] } },
      React.createElement("span", { className: "icon icon-" + state[0], "aria-hidden": "true" }),
      React.createElement("span", null, props.value));
  };
  cells.Missing = function (props) {
    var why = props.data && props.data.missing;
    if (props.value === null || props.value === undefined) {
      return React.createElement("span", { className: "missing", title: why || "" }, "\u2014");
    }
    return props.valueFormatted || props.value;
  };
  var functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
  functions.zhText = function (params) {
    var words = window.pvmonGridWords || {};
    var text = words[params.key];
    if (text === undefined) { return params.defaultValue; }
    (params.variableValues || []).forEach(function (value) { text = text.replace("${variable}", value); });
    return text;
  };
  functions.fixed = function (value, decimals) {
    if (value === null || value === undefined) { return "\u2014"; }
    return Number(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  };
}());
