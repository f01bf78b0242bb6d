/* The page of passport-map: the same facts as a map and as lists. */
(function () {
  "use strict";

  var FRESH = 5 * 60 * 1000;      // older data are called stale
  var RELOAD = 30 * 1000;

  var words = {
    ja: {
      title: "水位と避難の地図", skip: "地図を飛ばして一覧へ", language: "言語", map: "地図", alerts: "出ている警報",
      sensors: "水位計", shelters: "避難場所", data: "データ（GeoJSON）", none: "いま出ている警報はありません。",
      at: "現在", issued: "発令", stage: "段階", normal: "平常", silent: "データが届いていません", maintenance: "保守中",
      doubted: "値を確認中", resting: "水位が低いため観測休止中",
      since: function (time) { return "（" + time + "から）"; },
      forecast: function (stage, from, until) { return "このまま上がると" + from + "〜" + until + "に段階" + stage + "（見込み）"; },
      alerted: "警報の区域", gauge: "水位計と段階", shelter: "避難場所", suits: "対応する災害",
      level: "警戒レベル", attention: "気象庁や役場の情報も確かめてください。",
      spans: ["分", "時間", "日"],
      weather: "気象庁の警報など", calm: "この市町村への警報や注意報は届いていません。", reported: "発表", open: "開いています",
      equal: function (level) { return "警戒レベル " + level + " 相当"; },
      range: function (low, high, now) { return "過去48時間：最低 " + low + "、最高 " + high + "、いま " + now; },
      stale: function (span) { return "この地図は" + span + "前から新しくなっていません。役場の案内や防災無線を確かめてください。"; },
      hazards: { flood: "洪水", landslide: "土砂災害", earthquake: "地震", fire: "火事", tsunami: "津波",
                 storm_surge: "高潮", inland_flood: "内水", volcano: "火山" }
    },
    en: {
      title: "Water level and evacuation map", skip: "Skip the map, go to the lists", language: "Language", map: "Map",
      alerts: "Alerts in force", sensors: "River gauges", shelters: "Evacuation sites", data: "Data (GeoJSON)",
      none: "No alert is in force now.", at: "As of", issued: "Issued", stage: "Stage", normal: "normal",
      silent: "no data are arriving", maintenance: "under maintenance", alerted: "alerted area",
      doubted: "readings are being checked", resting: "resting at low water",
      since: function (time) { return " (since " + time + ")"; },
      forecast: function (stage, from, until) { return "if it goes on rising, stage " + stage + " between " + from + " and " + until + " (forecast)"; },
      gauge: "river gauge and stage", shelter: "evacuation site", suits: "suitable for", level: "Alert Level",
      attention: "Check the information of the weather service and the village office as well.",
      spans: [" minutes", " hours", " days"],
      weather: "Weather warnings", calm: "No warning for this municipality has come in.", reported: "reported", open: "open now",
      equal: function (level) { return "like Alert Level " + level; },
      range: function (low, high, now) { return "Last 48 hours: lowest " + low + ", highest " + high + ", now " + now; },
      stale: function (span) { return "This map has not been updated for " + span + ". Check with the village office."; },
      hazards: { flood: "flood", landslide: "landslide", earthquake: "earthquake", fire: "fire", tsunami: "tsunami",
                 storm_surge: "storm surge", inland_flood: "inland flood", volcano: "volcano" }
    }
  };
  var languages = { "ja": "日本語", "ja-easy": "やさしい日本語", "en": "English", "zh-Hans": "简体中文", "vi": "Tiếng Việt",
                    "id": "Bahasa Indonesia", "fil": "Filipino", "pt": "Português", "ko": "한국어" };

  var data = window.passportMap, written = new Date(window.passportMapWritten || 0);
  var language = pickLanguage(), say;
  var map, layers, markers = {}, tiles = document.querySelector("meta[name=tiles]").content;

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

  function empty(e) { while (e.firstChild) { e.removeChild(e.firstChild); } return e; }

  function when(time) {
    return new Date(time).toLocaleString(say === words.ja ? "ja-JP" : "en-GB",
      { timeZone: "Asia/Tokyo", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  }

  function clock(time) {
    return new Date(time).toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" });
  }

  function features(kind) {
    return data.features.filter(function (f) { return f.properties.kind === kind; });
  }

  function mark(p) {
    var e = make("span", "mark", p.stage);
    e.style.background = p.colour || "#2E7FB8";
    e.style.color = p.ink || "#FFFFFF";
    return e;
  }

  function stageWords(p) {
    if (p.state === "maintenance") { return say.maintenance; }
    return [p.stage ? say.stage + " " + p.stage + (p.stage_name ? " " + p.stage_name : "") : say.normal,
            p.observed_at ? when(p.observed_at) : "", heardWords(p), forecastWords(p)].filter(Boolean).join(" · ");
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

  function chart(p) {
    var c = data.charts[p.sensor];
    if (!c || !c.points.length) { return null; }
    var values = c.points.map(function (point) { return point[1]; });
    function spoken(value) { return value.toFixed(2) + " " + p.unit; }
    return window.passportChart(c, new Date(data.generated_at),
      say.range(spoken(Math.min.apply(null, values)), spoken(Math.max.apply(null, values)), valueWords(p)), clock);
  }

  function valueWords(p) { return p.value === null ? "–" : p.value.toFixed(2) + " " + p.unit; }

  function actionWords(p) { return say === words.ja ? p.action : p.action_en; }

  function alertText(p) { return p.texts[language] || p.texts.en || p.texts.ja; }

  function hazardWords(p) { return p.hazards.map(function (h) { return say.hazards[h] || h; }).join(", "); }

  function showHead() {
    document.documentElement.lang = language === "ja-easy" ? "ja" : language;
    document.querySelectorAll("[data-say]").forEach(function (e) { e.textContent = say[e.dataset.say]; });
    byId("municipality").textContent = data.municipality || "";
    document.title = (data.municipality || "") + " " + say.title;
    byId("time").textContent = say === words.ja ? when(data.generated_at) + " " + say.at : say.at + " " + when(data.generated_at);
    var note = byId("note");
    note.hidden = !data.note;
    note.textContent = data.note ? (say === words.ja ? data.note.ja : data.note.en) : "";
    showBanner();
  }

  // It is read out whenever it changes, so it changes only when there is news.
  function showBanner() {
    var banner = make("div");
    features("alert").forEach(function (f) {
      var p = f.properties, e = make("div", "alert", say.level + " " + p.level + "  " + actionWords(p), make("small", "", p.area.join("、")));
      e.style.background = p.colour;
      e.style.color = p.ink;
      banner.appendChild(e);
    });
    if (!banner.firstChild) { banner.appendChild(make("p", "quiet", say.none + " " + say.attention)); }
    if (banner.innerHTML !== byId("banner").innerHTML) { byId("banner").replaceChildren.apply(byId("banner"), banner.childNodes); }
  }

  function showLegend() {
    var legend = empty(byId("legend"));
    legend.appendChild(make("li", "", undefined, make("span", "swatch"), make("span", "", say.alerted)));
    legend.appendChild(make("li", "", undefined, mark({ stage: 0 }), make("span", "", say.gauge)));
    legend.appendChild(make("li", "", undefined, make("span", "house", "避"), make("span", "", say.shelter)));
    legend.appendChild(make("li", "", undefined, make("span", "house open", "避"), make("span", "", say.open)));
  }

  function showAlerts() {
    var box = empty(byId("alerts"));
    features("alert").forEach(function (f) {
      var p = f.properties, text = alertText(p), link = make("a", "", "CAP"), article;
      link.href = p.cap;
      article = make("article", "", undefined, make("h3", "", text.title), make("p", "", text.body),
                     make("p", "", say.issued + " " + when(p.issued_at) + " · ", link));
      article.style.borderColor = p.colour;
      box.appendChild(article);
    });
    if (!box.firstChild) { box.appendChild(make("p", "", say.none)); }
  }

  function showWeather() {
    var list = empty(byId("weather"));
    data.weather.forEach(function (w) {
      var level = w.level ? make("span", "level", say.equal(w.level)) : null;
      if (level) { level.style.background = w.colour; level.style.color = w.ink; }
      list.appendChild(make("li", "", undefined, level, make("span", "", w.name),
        make("small", "", w.area + " · " + when(w.reported_at) + " " + say.reported + " · " + w.office)));
    });
    if (!list.firstChild) { list.appendChild(make("li", "", say.calm)); }
  }

  // An entry of a list is a button that shows the same thing on the map.
  function entry(list, key, symbol, name, value, more, below) {
    var button = make("button", "", undefined, symbol, make("span", "", name), make("span", "value", value), make("span", "more", more));
    button.type = "button";
    button.dataset.key = "list " + key;
    button.addEventListener("click", function () {
      var m = markers[key];
      map.setView(m.getLatLng(), Math.max(map.getZoom(), 14));
      m.openPopup();
    });
    list.appendChild(make("li", "", undefined, button, below));
  }

  function shelterMark(p) { return make("span", p.open_since ? "house open" : "house", "避"); }

  function openWords(p) { return p.open_since ? say.open + say.since(when(p.open_since)) : ""; }

  // Where one can go now comes first; a place to stay that is open is shown though it is for no hazard.
  function shelters() {
    return features("shelter").filter(function (f) { return f.properties.hazards.length || f.properties.open_since; })
      .sort(function (a, b) { return !a.properties.open_since - !b.properties.open_since; });
  }

  function suitWords(p) { return p.hazards.length ? say.suits + ": " + hazardWords(p) : ""; }

  function showLists() {
    var gauges = empty(byId("sensors")), houses = empty(byId("shelters"));
    features("sensor").sort(function (a, b) { return b.properties.stage - a.properties.stage; }).forEach(function (f) {
      var p = f.properties;
      entry(gauges, "sensor " + p.sensor, mark(p), p.name, valueWords(p), stageWords(p), chart(p));
    });
    shelters().forEach(function (f) {
      var p = f.properties;
      entry(houses, "shelter " + p.shelter, shelterMark(p), p.name, "", [openWords(p), suitWords(p)].filter(Boolean).join(" · "));
    });
  }

  // What cannot be seen is said: a marker has a name, can be reached by Tab, and Enter opens it.
  function place(f, key, symbol, title, lines, drawing) {
    var c = f.geometry.coordinates, box = make("div", "", undefined, make("strong", "", title)), element;
    lines.forEach(function (line) { if (line) { box.appendChild(make("div", "", line)); } });
    if (drawing) { box.appendChild(drawing); }
    markers[key] = L.marker([c[1], c[0]], { icon: L.divIcon({ html: symbol, className: "", iconSize: [28, 28] }), title: title })
      .bindPopup(box, { maxWidth: 280 }).addTo(layers);
    element = markers[key].getElement();
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", [title].concat(lines).filter(Boolean).join(", "));
    element.dataset.key = "mark " + key;
    return markers[key];
  }

  function showMap() {
    layers.clearLayers();
    markers = {};
    L.geoJSON({ type: "FeatureCollection", features: features("boundary") },
      { interactive: false, style: { className: "land", color: css("--border"), weight: 2, dashArray: "7 4", fillColor: css("--land"), fillOpacity: tiles ? 0 : 1 } }).addTo(layers);
    features("alert").reverse().forEach(function (f) {
      var p = f.properties, popup = make("div", "", undefined, make("strong", "", alertText(p).title), make("div", "", alertText(p).body));
      L.geoJSON(f, { interactive: false, style: { color: "#fff", weight: 8, fill: false } }).addTo(layers);
      L.geoJSON(f, { style: { color: p.colour, weight: 4, fillColor: p.colour, fillOpacity: 0.2 } }).bindPopup(popup).addTo(layers);
    });
    shelters().forEach(function (f) {
      var p = f.properties;
      place(f, "shelter " + p.shelter, shelterMark(p), p.name, [p.address, openWords(p), suitWords(p)]);
    });
    features("sensor").forEach(function (f) {
      var p = f.properties;
      place(f, "sensor " + p.sensor, mark(p), p.name, [valueWords(p), stageWords(p)], chart(p))
        .setZIndexOffset(1000).bindTooltip(p.name, { permanent: true, direction: "right", offset: [14, 0], className: "gauge" });
    });
  }

  // A popup takes the focus, and gives it back to what opened it.
  function followPopups() {
    var opener = null;
    map.on("popupopen", function (event) {
      var e = event.popup.getElement();
      opener = document.activeElement;
      e.tabIndex = -1;
      e.setAttribute("role", "dialog");
      e.setAttribute("aria-label", event.popup.getContent().firstChild.textContent);
      e.addEventListener("keydown", function (key) {
        // Leaflet would look for the parent of a popup that is gone
        if (key.key === "Escape") { key.stopPropagation(); map.closePopup(); }
      });
      e.focus({ preventScroll: true });
    });
    map.on("popupclose", function () {
      if (opener && opener.isConnected) { opener.focus({ preventScroll: true }); }
    });
  }

  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function startMap() {
    map = L.map("map", { zoomSnap: 0.25, minZoom: 9, maxZoom: 18, fadeAnimation: false });
    map.attributionControl.setPrefix("<a href=\"https://leafletjs.com/\">Leaflet</a>");
    L.control.scale({ imperial: false }).addTo(map);
    if (tiles) {
      L.tileLayer(tiles + "/xyz/pale/{z}/{x}/{y}.png", { minZoom: 5, maxZoom: 18,
        attribution: "<a href=\"https://maps.gsi.go.jp/development/ichiran.html\">地理院タイル</a>" }).addTo(map);
    }
    layers = L.featureGroup().addTo(map);
    followPopups();
  }

  function frame() {
    var shown = features("alert").concat(features("sensor"));
    if (!features("alert").length) { shown = features("boundary").concat(shown); }
    var bounds = L.geoJSON({ type: "FeatureCollection", features: shown }).getBounds();
    if (bounds.isValid()) { map.fitBounds(bounds, { padding: [30, 30], maxZoom: 15 }); } else { map.setView([36, 138.48], 11); }
  }

  function spanWords(minutes) {
    if (minutes < 120) { return Math.floor(minutes) + say.spans[0]; }
    return minutes < 2880 ? Math.floor(minutes / 60) + say.spans[1] : Math.floor(minutes / 1440) + say.spans[2];
  }

  function watch() {
    var late = Date.now() - written, stale = byId("stale");
    stale.hidden = late < FRESH;
    if (!stale.hidden) { stale.textContent = say.stale(spanWords(late / 60000)); }
  }

  function show() {
    say = language === "ja" || language === "ja-easy" ? words.ja : words.en;
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
    var before = JSON.stringify(Object.assign({}, data, { generated_at: "" }));
    data = fresh;
    if (JSON.stringify(Object.assign({}, fresh, { generated_at: "" })) === before) {
      showHead();
      return;
    }
    Object.keys(markers).forEach(function (key) { if (markers[key].isPopupOpen()) { open = key; } });
    show();
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
      script.remove();
      if (fresh > written) { written = fresh; refresh(window.passportMap); }
      watch();
    };
    script.onerror = function () { script.remove(); watch(); };
    document.head.appendChild(script);
  }

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
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    setInterval(reload, RELOAD);
    if (navigator.serviceWorker && location.protocol !== "file:") {
      navigator.serviceWorker.register("worker.js").catch(function () { /* then there is no page without a network */ });
    }
  }

  start();
}());
