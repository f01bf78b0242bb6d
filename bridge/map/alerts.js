/* Alerts in force: lines above all else, a list with their texts, areas on the
   map. Colour is never all that tells a level: it is written, and each level has
   a pattern of its own. */
(function () {
  "use strict";

  // Lines of a tile of 12 pixels, closer and crossing the worse it is.
  var tiles = { 1: "M6 6h.1", 2: "M0 6H12", 3: "M-3 3L3-3M0 12L12 0M9 15L15 9", 4: "M-3 9L3 15M0 0L12 12M9-3L15 3M6-6L18 6M-6 6L6 18",
                5: "M0 0L12 12M-3 9L3 15M9-3L15 3M0 12L12 0M-3 3L3-3M9 15L15 9" };

  function drawn(tag, attributes) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    for (var i = 2; i < arguments.length; i++) { e.appendChild(arguments[i]); }
    return e;
  }

  function pattern(alert) {
    return drawn("pattern", { id: "level-" + alert.level, width: 12, height: 12, patternUnits: "userSpaceOnUse" },
      drawn("rect", { width: 12, height: 12, fill: alert.colour, "fill-opacity": 0.16 }),
      // a light line under each keeps black to be seen on a dark ground, and white on a light one
      drawn("path", { d: tiles[alert.level], stroke: alert.ink, "stroke-width": 3, "stroke-opacity": 0.35, "stroke-linecap": "round" }),
      drawn("path", { d: tiles[alert.level], stroke: alert.colour, "stroke-width": 2, "stroke-opacity": 0.75, "stroke-linecap": "round" }));
  }

  // One of each level that is in force, the worst first.
  function levels(alerts) {
    return alerts.filter(function (a, i) { return alerts.findIndex(function (b) { return b.level === a.level; }) === i; });
  }

  window.passportAlerts = {
    levels: levels,

    // The patterns stand in a drawing without size: areas and the legend point to them.
    patterns: function (alerts) {
      return drawn("svg", { "class": "patterns", "aria-hidden": "true" }, drawn.apply(null, ["defs", {}].concat(levels(alerts).map(pattern))));
    },

    swatch: function (alert) {
      return drawn("svg", { "class": "swatch", viewBox: "0 0 36 22", "aria-hidden": "true" },
        drawn("rect", { x: 2, y: 2, width: 32, height: 18, fill: "none", stroke: alert.ink, "stroke-width": 4 }),
        drawn("rect", { x: 2, y: 2, width: 32, height: 18, fill: "url(#level-" + alert.level + ")", stroke: alert.colour, "stroke-width": 2.5 }));
    },

    // An edge in the level's colour between lines of its ink, which is seen on any ground.
    area: function (feature, opened) {
      var p = feature.properties;
      return L.layerGroup([
        L.geoJSON(feature, { interactive: false, style: { color: p.ink, weight: 9, opacity: 0.9, fill: false } }),
        L.geoJSON(feature, { style: { color: p.colour, weight: 5, fillColor: "url(#level-" + p.level + ")", fillOpacity: 1 } }).on("click", opened)
      ]);
    }
  };
}());
