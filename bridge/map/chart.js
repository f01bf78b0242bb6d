/* A gauge's last two days as SVG: the water, and the thresholds that it may pass. */
(function () {
  "use strict";

  var WIDTH = 320, HEIGHT = 118, LEFT = 38, RIGHT = 312, TOP = 10, BOTTOM = 98;
  var SPAN = 48 * 3600, GAP = 3 * 3600;   // seconds; over a gap no line is drawn

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

  // Words of thresholds that lie close together stand beside each other.
  function drawThresholds(svg, thresholds, y) {
    var column = 0, before = null;
    thresholds.forEach(function (t) { svg.appendChild(draw("path", { "class": "threshold", d: "M" + LEFT + " " + y(t.up) + "H" + RIGHT })); });
    thresholds.forEach(function (t) {
      column = before !== null && before - y(t.up) < 12 ? (column + 1) % 3 : 0;
      before = y(t.up);
      svg.appendChild(draw("text", { x: LEFT + 4 + column * 92, y: y(t.up) - 4 }, t.stage + (t.name ? " " + t.name : "") + " " + t.up.toFixed(2)));
    });
  }

  // passportChart returns the drawing of {points, thresholds} until a time, or nothing for want of two points.
  window.passportChart = function (chart, until, words, clock) {
    if (!chart || chart.points.length < 2) { return null; }
    var end = Math.floor(until / 1000), start = end - SPAN, scale = range(chart), line = "", before = null;
    function x(second) { return (LEFT + (second - start) / SPAN * (RIGHT - LEFT)).toFixed(1); }
    function y(value) { return (BOTTOM - (value - scale.low) / (scale.high - scale.low) * (BOTTOM - TOP)).toFixed(1); }

    var svg = draw("svg", { "class": "chart", viewBox: "0 0 " + WIDTH + " " + HEIGHT, role: "img", "aria-label": words });
    svg.appendChild(draw("path", { "class": "axis", fill: "none", d: "M" + LEFT + " " + TOP + "V" + BOTTOM + "H" + RIGHT }));
    for (var hours = 48; hours >= 0; hours -= 12) {
      var second = end - hours * 3600;
      svg.appendChild(draw("path", { "class": "axis", d: "M" + x(second) + " " + BOTTOM + "v4" }));
      svg.appendChild(draw("text", { x: x(second), y: HEIGHT - 4, "text-anchor": hours === 48 ? "start" : hours ? "middle" : "end" }, clock(second * 1000)));
    }
    [scale.low, scale.high].forEach(function (value) {
      svg.appendChild(draw("text", { x: LEFT - 3, y: +y(value) + (value === scale.low ? 0 : 9), "text-anchor": "end" }, value.toFixed(1)));
    });
    drawThresholds(svg, chart.thresholds.filter(function (t) { return t.up >= scale.low && t.up <= scale.high; }), y);
    chart.points.forEach(function (p) {
      line += (before === null || p[0] - before > GAP ? "M" : "L") + x(p[0]) + " " + y(p[1]);
      before = p[0];
    });
    svg.appendChild(draw("path", { "class": "line", d: line }));
    return svg;
  };
}());
