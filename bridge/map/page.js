/* The page of passport-map: the same facts as a map and as lists. Until this
   runs, and where it does not, the page says them in tables of its own. */
(function () {
  "use strict";

  var FRESH = 5 * 60 * 1000;      // older data are called stale
  var TICK = 1000;
  var SOONEST = 2000, LATEST = 10 * 1000;   // to the next look for a new map, by its size: on a phone nobody has the network alone
  var SHARE = 20;                 // characters of the map for a millisecond
  var PATIENCE = 20 * 1000;       // for an answer that does not come, before it is asked for again

  var FINGER = [44, 44];          // pixels of what is pressed, however small its symbol is
  var TAG = [100, 44];
  var LETTERS = { water: "水", rain: "雨", other: "測" };   // of gauges that have no stage

  var ABOVE_ZOOM = [5, 130];      // the buttons lie over whatever is in their corner

  var words = window.passportWords, languages = window.passportLanguages, alertsOf = window.passportAlerts;
  var data = window.passportMap, written = new Date(window.passportMapWritten || 0);
  var size = JSON.stringify(data).length, asked = Date.now(), asking = false;
  var language = pickLanguage(), say;
  var map, layers, markers = {}, tiles = document.querySelector("meta[name=tiles]").content;
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");

  function pickLanguage() {
    var wanted = [];
    try { wanted.push(localStorage.getItem("language")); } catch (e) { /* a page from the disk may not remember */ }
    wanted = wanted.concat(navigator.languages || []);
    for (var i = 0; i < wanted.length; i++) {
      var tag = wanted[i] === "zh-CN" || wanted[i] === "zh" ? "zh-Hans" : wanted[i];
      if (tag && languages[tag]) { return tag; }
      if (tag && languages[tag.split("-")[0]]) { return tag.split("-")[0]; }
    }
    return "ja";
  }

  function byId(id) { return document.getElementById(id); }

  // All text goes through here: nothing of the data is ever read as HTML.
  function make(tag, name, text) {
    var e = document.createElement(tag);
    if (name) { e.className = name; }
    if (text !== undefined && text !== null) { e.textContent = text; }
    for (var i = 3; i < arguments.length; i++) { if (arguments[i]) { e.appendChild(arguments[i]); } }
    return e;
  }

  // What is not in the page's language says in which it is, or it is read aloud as noise.
  function inLanguage(tag, e) {
    if (tag !== say.lang) { e.lang = tag; }
    return e;
  }

  function named(tag, name, text) { return inLanguage("ja", make(tag, name, text)); }

  function empty(e) { while (e.firstChild) { e.removeChild(e.firstChild); } return e; }

  function when(time, options) {
    return new Date(time).toLocaleString(say.locale, Object.assign(
      { timeZone: data.timezone, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }, options));
  }

  function clock(time) {
    return new Date(time).toLocaleTimeString("en-GB", { timeZone: data.timezone, hour: "2-digit", minute: "2-digit" });
  }

  function day(time) {
    return new Date(time).toLocaleDateString(say.locale, { timeZone: data.timezone, month: "short", day: "numeric" });
  }

  function features(kind) {
    return data.features.filter(function (f) { return f.properties.kind === kind; });
  }

  function alerts() { return features("alert").map(function (f) { return f.properties; }); }

  // What a gauge's symbol and words go by: water, rain, or whatever else its unit measures.
  function sort(p) { return p.measures === "rain" ? "rain" : /level$/.test(p.measures) ? "water" : "other"; }

  function kindWords(p) { return say.kinds[p.measures] || say.kinds[sort(p)]; }

  // Its shape says what it measures, the number its stage, if it has stages.
  function mark(p) {
    var s = sort(p), e = make("span", "mark " + s, p.stage === null || s === "rain" && !p.stage ? LETTERS[s] : p.stage);
    if (p.colour) { e.style.background = p.colour; e.style.color = p.ink; }
    return e;
  }

  // A gauge without thresholds has no stage: nobody knows what would be normal.
  function stageWords(p) {
    if (p.state === "maintenance") { return say.maintenance; }
    return [p.stage === null ? "" : p.stage ? say.stage + " " + p.stage + (p.stage_name ? " " + p.stage_name : "") : say.normal,
            p.observed_at ? say.observed(when(p.observed_at)) : "", heardWords(p), forecastWords(p)].filter(Boolean).join(" · ");
  }

  function heardWords(p) {
    if (p.condition === "silent") { return say.silent + (p.silent_since ? say.since(when(p.silent_since)) : ""); }
    return p.condition === "doubted" || p.condition === "resting" ? say[p.condition] : "";
  }

  // The next stage only, and always as an interval: nobody knows what the rain will do.
  function forecastWords(p) {
    var next = p.forecast[0];
    return next ? say.forecast(next.stage, when(next.earliest_at), when(next.latest_at)) : "";
  }

  function number(value, p) { return p.unit === "m" ? value.toFixed(2) : String(+value.toFixed(2)); }

  function amount(value, p) { return number(value, p) + " " + p.unit; }

  function valueWords(p) { return p.value === null ? "–" : amount(p.value, p); }

  // How high above the sea, where the height of the gauge's zero is known.
  function heightWords(p) { return sort(p) === "water" && p.elevation !== null ? say.elevation(amount(p.elevation, p)) : ""; }

  // The drawing, and what its lines are called.
  function chart(p) {
    var c = data.charts[p.sensor];
    if (!c || c.points.length < 2) { return null; }
    var values = c.points.map(function (point) { return point[1]; });
    function written(value) { return number(value, p); }
    var names = make("ul", "thresholds");
    names.setAttribute("aria-label", say.thresholds);
    c.thresholds.forEach(function (t) {
      var tint = make("span", "tint");
      tint.style.background = t.colour || "";
      names.appendChild(make("li", "", undefined, tint, make("span", "", t.stage + ": "), named("span", "", t.name), make("span", "", " " + amount(t.up, p))));
    });
    return make("div", "", undefined, window.passportChart(c, new Date(data.generated_at),
      say.range(amount(Math.min.apply(null, values), p), amount(Math.max.apply(null, values), p), valueWords(p)),
      { unit: p.unit, bars: sort(p) === "rain", number: written }, clock, day),
      c.thresholds.length ? names : null);
  }

  function actionWords(p) { return say.lang === "ja" ? p.action : p.action_en; }

  function levelWords(p) {
    var hazard = hazardName(p.hazard);
    return hazard.charAt(0).toUpperCase() + hazard.slice(1) + say.separator + say.level + " " + p.level + " " + actionWords(p);
  }

  function hazardName(hazard) { return say.hazards[hazard] || hazard; }

  // What an alert says, in the language that was chosen or the next best, as {title, body}.
  function told(p, tag, name) {
    var found = [language, say.lang, "en", "ja"].find(function (l) { return p.texts && p.texts[l]; });
    return found ? inLanguage(found === "ja-easy" ? "ja" : found, make(tag, "", p.texts[found][name])) : null;
  }

  function showHead() {
    document.documentElement.lang = say.lang;
    document.querySelectorAll("[data-say]").forEach(function (e) { e.textContent = say[e.dataset.say]; });
    empty(byId("municipality")).appendChild(named("span", "", data.municipality || ""));
    document.title = (data.municipality || "") + " " + say.title;
    byId("time").textContent = say.at(when(data.generated_at, { timeZoneName: "short" }));
    byId("note").textContent = data.note ? (say.lang === "ja" ? data.note.ja : data.note.en) : "";
    showBanner();
  }

  // It is read out whenever it changes, so it changes only when there is news.
  function showBanner() {
    var banner = make("div");
    alerts().forEach(function (p) {
      var e = make("div", "alert", levelWords(p), named("small", "", p.area.join("、")));
      e.style.background = p.colour;
      e.style.color = p.ink;
      banner.appendChild(e);
    });
    if (!banner.firstChild) { banner.appendChild(make("p", "quiet", say.none + " " + say.attention)); }
    if (banner.innerHTML !== byId("banner").innerHTML) { byId("banner").replaceChildren.apply(byId("banner"), banner.childNodes); }
  }

  // Gauges whose stage changed are said, not shown: who sees the page sees them.
  function showNews(before) {
    var stages = {};
    before.features.forEach(function (f) { stages[f.properties.sensor] = f.properties.stage; });
    var changed = features("sensor").filter(function (f) { return stages[f.properties.sensor] !== undefined && stages[f.properties.sensor] !== f.properties.stage; });
    if (changed.length) {
      byId("news").textContent = changed.map(function (f) { return f.properties.name + " " + valueWords(f.properties) + " " + stageWords(f.properties); }).join(" / ");
    }
  }

  function showLegend() {
    var legend = empty(byId("legend"));
    legend.appendChild(alertsOf.patterns(alerts()));
    alertsOf.levels(alerts()).forEach(function (p) { legend.appendChild(make("li", "", undefined, alertsOf.swatch(p), make("span", "", say.alerted(p.level)))); });
    ["water", "rain", "other"].forEach(function (s) {
      var one = features("sensor").find(function (f) { return sort(f.properties) === s; });
      if (one) { legend.appendChild(make("li", "", undefined, mark({ measures: one.properties.measures, stage: s === "water" ? 0 : null }), make("span", "", s === "water" ? say.gauge : say.kinds[s]))); }
    });
    legend.appendChild(make("li", "", undefined, make("span", "house", "避"), make("span", "", say.shelter)));
    legend.appendChild(make("li", "", undefined, make("span", "house open", "避"), make("span", "", say.open)));
  }

  function timesWords(p) {
    return when(p.issued_at) + " " + say.issued + (p.updated_at ? say.separator + when(p.updated_at) + " " + say.updated : "");
  }

  function showAlerts() {
    var box = empty(byId("alerts"));
    alerts().forEach(function (p) {
      var link = make("a", "", "CAP"), button = make("button", "", say.show), article;
      link.href = p.cap;
      button.type = "button";
      button.dataset.key = "list alert " + p.alert_id;
      button.addEventListener("click", function () { openPlace("alert " + p.alert_id); });
      article = make("article", "", undefined, told(p, "h3", "title"), told(p, "p", "body"), make("p", "", timesWords(p)), make("p", "", undefined, button, link));
      article.style.borderColor = p.colour;
      box.appendChild(article);
    });
    if (!box.firstChild) { box.appendChild(make("p", "", say.none)); }
    data.over.forEach(function (p) {
      box.appendChild(make("article", "over", undefined, make("h3", "", say[p.state] + say.separator + levelWords(p)),
        named("p", "", p.area.join("、")), told(p, "p", "body"), make("p", "", when(p.over_at) + " " + say[p.state])));
    });
  }

  function showWeather() {
    var list = make("ul", "weather");
    data.weather.forEach(function (w) {
      var level = w.level ? make("span", "level", say.equal(w.level)) : null;
      if (level) { level.style.background = w.colour; level.style.color = w.ink; }
      list.appendChild(make("li", "", undefined, level, named("span", "", w.name),
        make("small", "", undefined, named("span", "", w.area), make("span", "", " · " + when(w.reported_at) + " " + say.reported + " · "), named("span", "", w.office))));
    });
    byId("weather").replaceChildren(list.firstChild ? list : make("p", "", say.calm));
  }

  // An entry of a list is a button that shows the same thing on the map.
  function entry(list, key, symbol, name, value, more, below) {
    var button = make("button", "", undefined, symbol, named("span", "", name), make("span", "value", value), make("span", "more", more));
    button.type = "button";
    button.dataset.key = "list " + key;
    button.addEventListener("click", function () { openPlace(key); });
    list.appendChild(make("li", "", undefined, button, below));
  }

  function shelterMark(p) { return make("span", p.open_since ? "house open" : "house", "避"); }

  function openWords(p) { return p.open_since ? say.open + say.since(when(p.open_since)) : ""; }

  // Where one can go now comes first; a place to stay that is open is shown though it is for no hazard.
  function shelters() {
    return features("shelter").filter(function (f) { return f.properties.hazards.length || f.properties.open_since; })
      .sort(function (a, b) { return !a.properties.open_since - !b.properties.open_since; });
  }

  function suitWords(p) { return p.hazards.length ? say.suits + ": " + p.hazards.map(hazardName).join(say.separator) : ""; }

  function showLists() {
    var gauges = make("ul", "list"), houses = make("ul", "list");
    features("sensor").sort(function (a, b) { return b.properties.stage - a.properties.stage; }).forEach(function (f) {
      var p = f.properties;
      entry(gauges, "sensor " + p.sensor, mark(p), p.name, valueWords(p), [kindWords(p), heightWords(p), stageWords(p)].filter(Boolean).join(" · "), chart(p));
    });
    shelters().forEach(function (f) {
      var p = f.properties;
      entry(houses, "shelter " + p.shelter, shelterMark(p), p.name, "", [openWords(p), suitWords(p)].filter(Boolean).join(" · "));
    });
    byId("sensors").replaceChildren(gauges);
    byId("shelters").replaceChildren(houses);
  }

  // What cannot be seen is said: a marker has a name, can be reached by Tab, and Enter opens it.
  function place(at, key, symbol, size, anchor, title, lines, drawing) {
    var box = make("div", "", undefined, title), element;
    lines = lines.filter(Boolean).map(function (line) { return line.nodeType ? line : make("div", "", line); })
      .filter(function (line) { return line.textContent; });
    lines.forEach(function (line) { box.appendChild(line); });
    if (drawing) { box.appendChild(drawing); }
    markers[key] = L.marker([at[1], at[0]], { icon: L.divIcon({ html: symbol, className: "place", iconSize: size, iconAnchor: anchor }) })
      .bindPopup(box, { maxWidth: 290, minWidth: 200, autoPanPaddingBottomRight: ABOVE_ZOOM }).addTo(layers);
    element = markers[key].getElement();
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", [title].concat(lines).map(function (line) { return line.textContent; }).join(", "));
    element.dataset.key = "mark " + key;
    return markers[key];
  }

  function showMap() {
    layers.clearLayers();
    markers = {};
    L.geoJSON({ type: "FeatureCollection", features: features("boundary") },
      { interactive: false, style: { className: "land", color: css("--border"), weight: 2, dashArray: "7 4", fillColor: css("--land"), fillOpacity: tiles ? 0 : 1 } }).addTo(layers);
    features("alert").reverse().forEach(function (f) {
      var p = f.properties, key = "alert " + p.alert_id, tag = make("span", "tag", say.short + " " + p.level);
      tag.style.background = p.colour;
      tag.style.color = p.ink;
      alertsOf.area(f, function () { openPlace(key); }).addTo(layers);
      place(alertsOf.corner(f), key, tag, TAG, alertsOf.beside(p, TAG), make("strong", "", levelWords(p)), [told(p, "p", "title"), told(p, "p", "body")]).setZIndexOffset(500 + p.level);
    });
    shelters().forEach(function (f) {
      var p = f.properties;
      place(f.geometry.coordinates, "shelter " + p.shelter, shelterMark(p), FINGER, null, named("strong", "", p.name), [named("div", "", p.address), openWords(p), suitWords(p)]);
    });
    features("sensor").forEach(function (f) {
      var p = f.properties;
      place(f.geometry.coordinates, "sensor " + p.sensor, mark(p), FINGER, null, named("strong", "", p.name), [kindWords(p), [valueWords(p), heightWords(p)].filter(Boolean).join(" · "), stageWords(p)], chart(p))
        .setZIndexOffset(1000).bindTooltip(named("span", "", p.name), { permanent: true, direction: "auto", offset: [14, 0], className: "gauge" });
    });
    nameControls();
  }

  function nameControls() {
    [[".leaflet-control-zoom-in", say.zoomIn], [".leaflet-control-zoom-out", say.zoomOut]].forEach(function (control) {
      var e = document.querySelector(control[0]);
      e.title = control[1];
      e.setAttribute("aria-label", control[1]);
    });
  }

  function openPlace(key) {
    var marker = markers[key];
    if (!marker) { return; }
    if (!/^alert/.test(key)) { map.setView(marker.getLatLng(), Math.max(map.getZoom(), 14), { animate: !still.matches }); }
    marker.openPopup();
  }

  // A popup takes the focus, gives it back to what opened it, and has an address of its own.
  function followPopups() {
    var opener = null;
    map.on("popupopen", function (event) {
      var e = event.popup.getElement(), key = Object.keys(markers).find(function (k) { return markers[k].getPopup() === event.popup; });
      opener = document.activeElement;
      e.tabIndex = -1;
      e.setAttribute("role", "dialog");
      e.setAttribute("aria-label", event.popup.getContent().firstChild.textContent);
      e.querySelector(".leaflet-popup-close-button").setAttribute("aria-label", say.close);
      e.addEventListener("keydown", function (key) {
        // Leaflet would look for the parent of a popup that is gone
        if (key.key === "Escape") { key.stopPropagation(); map.closePopup(); }
      });
      e.focus({ preventScroll: true });
      history.replaceState(null, "", "#" + key.split(" ").map(encodeURIComponent).join("/"));
    });
    map.on("popupclose", function () {
      if (opener && opener.isConnected) { opener.focus({ preventScroll: true }); }
      history.replaceState(null, "", location.href.split("#")[0]);
    });
    window.addEventListener("hashchange", openAddressed);
  }

  // page#sensor/12 opens that gauge, page#alert/3 that alert, page#shelter/S1 that shelter.
  function openAddressed() {
    openPlace(location.hash.slice(1).split("/").map(function (part) {
      try { return decodeURIComponent(part); } catch (e) { return part; }
    }).join(" "));
  }

  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function startMap() {
    map = L.map("map", { zoomSnap: 0.25, minZoom: 9, maxZoom: 18, fadeAnimation: false, zoomAnimation: !still.matches, zoomControl: false });
    // a popup opens upwards, and would lie under them at the top
    L.control.zoom({ position: "bottomright" }).addTo(map);
    map.attributionControl.setPrefix("<a href=\"https://leafletjs.com/\">Leaflet</a>");
    L.control.scale({ imperial: false }).addTo(map);
    if (tiles) {
      L.tileLayer(tiles + "/xyz/pale/{z}/{x}/{y}.png", { minZoom: 5, maxZoom: 18,
        attribution: "<a href=\"https://maps.gsi.go.jp/development/ichiran.html\">地理院タイル</a>" }).addTo(map);
    }
    layers = L.featureGroup().addTo(map);
    stayStill();
    followPopups();
  }

  // Leaflet slides to a popup whatever a reader wants of motion.
  function stayStill() {
    var panBy = map.panBy;
    map.panBy = function (offset, options) { return panBy.call(map, offset, still.matches ? Object.assign({}, options, { animate: false }) : options); };
  }

  function frame() {
    var shown = features("alert").concat(features("sensor"));
    if (!features("alert").length) { shown = features("boundary").concat(shown); }
    var bounds = L.geoJSON({ type: "FeatureCollection", features: shown }).getBounds();
    if (bounds.isValid()) { map.fitBounds(bounds, { padding: [40, 50], maxZoom: 15 }); } else { map.setView([36, 138.48], 11); }
  }

  function spanWords(minutes) {
    if (minutes < 120) { return Math.floor(minutes) + say.spans[0]; }
    return minutes < 2880 ? Math.floor(minutes / 60) + say.spans[1] : Math.floor(minutes / 1440) + say.spans[2];
  }

  function watch() {
    var late = Date.now() - written, stale = byId("stale");
    stale.hidden = late < FRESH;
    if (!stale.hidden && stale.textContent !== say.stale(spanWords(late / 60000))) { stale.textContent = say.stale(spanWords(late / 60000)); }
  }

  function show() {
    say = words[language] || words.en;
    showHead();
    showLegend();
    showMap();
    showAlerts();
    showWeather();
    showLists();
    watch();
  }

  // New data must neither close what somebody reads nor take the focus from
  // under their fingers, nor have a screen reader say again what it has said.
  function refresh(fresh) {
    var was = document.activeElement, held = was && was.dataset.key, open = null, inside = was && was.closest(".leaflet-popup");
    var before = data;
    data = fresh;
    size = JSON.stringify(data).length;
    if (JSON.stringify(Object.assign({}, fresh, { generated_at: "" })) === JSON.stringify(Object.assign({}, before, { generated_at: "" }))) {
      showHead();
      return;
    }
    Object.keys(markers).forEach(function (key) { if (markers[key].isPopupOpen()) { open = key; } });
    show();
    showNews(before);
    if (open && markers[open]) { markers[open].getPopup().options.autoPan = false; markers[open].openPopup(); }
    was = held ? document.querySelector("[data-key=" + JSON.stringify(held) + "]") : was;
    if (was && !inside && was !== document.body) { was.focus({ preventScroll: true }); }
  }

  // A script can be loaded again where a page opened from the disk may fetch nothing.
  function reload() {
    var script = document.createElement("script");
    script.src = "map.js?" + Date.now();
    script.onload = function () {
      var fresh = new Date(window.passportMapWritten);
      answered(script);
      if (fresh > written) { written = fresh; refresh(window.passportMap); }
      watch();
    };
    script.onerror = function () { answered(script); };
    asked = Date.now();
    asking = true;
    document.head.appendChild(script);
  }

  function answered(script) {
    script.remove();
    asking = false;
  }

  // A request into a network that is down may neither be answered nor refused, so nothing waits for one:
  // the page's age is looked at by the clock.
  function tick() {
    var since = Date.now() - asked;
    watch();
    if (since < (asking ? PATIENCE : pause())) { return; }
    if (asking) { window.stop(); }   // a browser has six connections to a server, and each would wait for ever
    reload();
  }

  function pause() { return Math.min(Math.max(size / SHARE, SOONEST), LATEST); }

  function start() {
    var select = byId("language");
    Object.keys(languages).forEach(function (tag) {
      var option = make("option", "", languages[tag]);
      option.value = tag;
      option.lang = tag === "ja-easy" ? "ja" : tag;
      select.appendChild(option);
    });
    select.value = language;
    select.addEventListener("change", function () {
      language = select.value;
      try { localStorage.setItem("language", language); } catch (e) { /* it is forgotten then */ }
      show();
    });
    startMap();
    frame();   // a marker is drawn only on a map that has a place
    show();
    openAddressed();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    setInterval(tick, TICK);
    // a phone that was asleep shows at once how old its map is
    document.addEventListener("visibilitychange", function () { if (!document.hidden) { watch(); reload(); } });
    if (navigator.serviceWorker && location.protocol !== "file:") {
      navigator.serviceWorker.register("worker.js").catch(function () { /* then there is no page without a network */ });
    }
  }

  start();
}());
