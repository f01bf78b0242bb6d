/* Alerts in force: lines above all else, a list with their texts, areas on the
   map. Colour is never all that tells a level: it is written, and each level has
   a pattern of its own. */
(function () {
  "use strict";

  // Lines of a tile of 16 pixels, more and crossing the worse it is.
  var tiles = { 1: "M8 8h.1", 2: "M0 8H16", 3: "M-4 4L4-4M0 16L16 0M12 20L20 12", 4: "M-4 12L4 20M0 0L16 16M12-4L20 4M8-8L24 8M-8 8L8 24",
                5: "M0 0L16 16M-4 12L4 20M12-4L20 4M0 16L16 0M-4 4L4-4M12 20L20 12" };
  // On which side of its area a level is written: areas of several levels often lie in each other.
  var sides = { 1: [0, -1], 2: [-1, 0], 3: [0, -1], 4: [0, 1], 5: [1, 0] };

  function drawn(tag, attributes) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    for (var i = 2; i < arguments.length; i++) { e.appendChild(arguments[i]); }
    return e;
  }

  function pattern(alert) {
    return drawn("pattern", { id: "level-" + alert.level, width: 16, height: 16, patternUnits: "userSpaceOnUse" },
      drawn("rect", { width: 16, height: 16, fill: alert.colour, "fill-opacity": 0.16 }),
      // a light line under each keeps black to be seen on a dark ground, and white on a light one
      drawn("path", { d: tiles[alert.level], stroke: alert.ink, "stroke-width": 2.6, "stroke-opacity": 0.3, "stroke-linecap": "round" }),
      drawn("path", { d: tiles[alert.level], stroke: alert.colour, "stroke-width": 1.6, "stroke-opacity": 0.7, "stroke-linecap": "round" }));
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

    // The outermost point on its level's side, [longitude, latitude].
    corner: function (feature) {
      var side = sides[feature.properties.level];
      return [].concat.apply([], feature.geometry.coordinates.map(function (polygon) { return polygon[0]; })).reduce(function (most, point) {
        return (point[0] - most[0]) * side[0] + (point[1] - most[1]) * side[1] > 0 ? point : most;
      });
    },

    // Where of a symbol of this size that point is, so that it stands beside the area and covers nothing in it.
    beside: function (alert, size) {
      var side = sides[alert.level];
      return [size[0] / 2 - side[0] * size[0] / 2, size[1] / 2 + side[1] * size[1] / 2];
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
