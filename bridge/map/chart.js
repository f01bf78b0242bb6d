/* A gauge's last two days as SVG: the water, and the thresholds that it may pass. */
(function () {
  "use strict";

  var WIDTH = 320, HEIGHT = 150, LEFT = 34, RIGHT = 262, TOP = 12, BOTTOM = 112;
  var SPAN = 48 * 3600, GAP = 3 * 3600;   // seconds; over a gap no line is drawn
  var LINE = 14;                          // from one word to the next below it

  function draw(tag, attributes, text) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    if (text !== undefined) { e.textContent = text; }
    return e;
  }

  // From the lowest reading to the first threshold above the highest one: the next that can be reached.
  function range(chart) {
    var values = chart.points.map(function (p) { return p[1]; });
    var low = Math.min.apply(null, values), high = Math.max.apply(null, values);
    var next = chart.thresholds.filter(function (t) { return t.up > high; })[0];
    if (next) { high = next.up; }
    chart.thresholds.forEach(function (t) { if (t.up < low && t.up > low - (high - low)) { low = t.up; } });
    var margin = (high - low || 1) * 0.08;
    return { low: low - margin, high: high + margin };
  }

  // Words of thresholds stand beside the plot, moved apart where lines lie close together.
  function drawThresholds(svg, thresholds, y) {
    var places = thresholds.map(function (t) { return y(t.up); });   // from the lowest line upwards
    for (var i = 1; i < places.length; i++) { places[i] = Math.min(places[i], places[i - 1] - LINE); }
    var least = TOP;                                                 // what went beyond the top comes back
    for (i = places.length - 1; i >= 0; i--) {
      places[i] = Math.max(places[i], least);
      least = places[i] + LINE;
    }
    thresholds.forEach(function (t, i) {
      svg.appendChild(draw("path", { "class": "threshold", d: "M" + LEFT + " " + y(t.up) + "H" + RIGHT }));
      svg.appendChild(draw("path", { "class": "lead", d: "M" + RIGHT + " " + y(t.up) + "L" + (RIGHT + 8) + " " + places[i] }));
      svg.appendChild(draw("text", { x: RIGHT + 11, y: places[i] + 4 }, t.stage + ": " + t.up.toFixed(2)));
    });
  }

  // passportChart returns the drawing of {points, thresholds} until a time, or nothing for want of two points.
  window.passportChart = function (chart, until, words, clock, day) {
    if (!chart || chart.points.length < 2) { return null; }
    var end = Math.floor(until / 1000), start = end - SPAN, scale = range(chart), line = "", before = null;
    function x(second) { return LEFT + (second - start) / SPAN * (RIGHT - LEFT); }
    function y(value) { return BOTTOM - (value - scale.low) / (scale.high - scale.low) * (BOTTOM - TOP); }

    var svg = draw("svg", { "class": "chart", viewBox: "0 0 " + WIDTH + " " + HEIGHT, role: "img", "aria-label": words });
    svg.appendChild(draw("path", { "class": "axis", fill: "none", d: "M" + LEFT + " " + TOP + "V" + BOTTOM + "H" + RIGHT }));
    for (var hours = 48; hours >= 0; hours -= 12) {
      var second = end - hours * 3600;
      svg.appendChild(draw("path", { "class": "axis", d: "M" + x(second).toFixed(1) + " " + BOTTOM + "v5" }));
      svg.appendChild(draw("text", { x: x(second), y: BOTTOM + 18, "text-anchor": "middle" }, clock(second * 1000)));
      if (hours % 24 === 0) { svg.appendChild(draw("text", { x: x(second), y: BOTTOM + 33, "text-anchor": "middle" }, day(second * 1000))); }
    }
    [scale.low, scale.high].forEach(function (value) {
      svg.appendChild(draw("text", { x: LEFT - 4, y: y(value) + (value === scale.low ? 0 : 9), "text-anchor": "end" }, value.toFixed(1)));
    });
    drawThresholds(svg, chart.thresholds.filter(function (t) { return t.up >= scale.low && t.up <= scale.high; }), y);
    chart.points.forEach(function (p) {
      line += (before === null || p[0] - before > GAP ? "M" : "L") + x(p[0]).toFixed(1) + " " + y(p[1]).toFixed(1);
      before = p[0];
    });
    svg.appendChild(draw("path", { "class": "line", d: line }));
    return svg;
  };
}());
