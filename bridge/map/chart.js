/* A gauge's last two days as SVG: the water as a line, rain as bars, and the thresholds that they may pass. */
(function () {
  "use strict";

  var WIDTH = 330, HEIGHT = 160, LEFT = 40, RIGHT = 252, TOP = 22, BOTTOM = 122;
  var SPAN = 48 * 3600, GAP = 3 * 3600;   // seconds; over a gap no line is drawn
  var LONGEST = 3600;                     // seconds that a bar may stand for
  var LINE = 14;                          // from one word to the next below it

  function draw(tag, attributes, text) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    if (text !== undefined) { e.textContent = text; }
    return e;
  }

  // The middle one of the ways from a threshold to the next.
  function step(thresholds) {
    var steps = thresholds.slice(1).map(function (t, i) { return t.up - thresholds[i].up; }).sort(function (a, b) { return a - b; });
    return steps.length ? steps[Math.floor(steps.length / 2)] : 0;
  }

  // All readings, the next threshold, and as many others as leave something to be seen of both.
  function range(chart, bars) {
    var values = chart.points.map(function (p) { return p[1]; });
    var least = Math.min.apply(null, bars ? values.concat(0) : values), most = Math.max.apply(null, values), low = least, high = most;
    var next = chart.thresholds.find(function (t) { return t.up > most; });
    var reach = 3 * Math.max(most - least, next ? next.up - most : 0, step(chart.thresholds));
    chart.thresholds.forEach(function (t) {
      if (t.up >= least - reach && t.up <= most + reach) { low = Math.min(low, t.up); high = Math.max(high, t.up); }
    });
    var margin = (high - low || 1) * 0.08;
    return { low: bars && low === 0 ? 0 : low - margin, high: high + margin };
  }

  // Words of thresholds stand beside the plot, moved apart where lines lie close together; an arrow says of one that it lies beyond.
  function drawThresholds(svg, thresholds, scale, y, number) {
    function seen(t) { return t.up >= scale.low && t.up <= scale.high; }
    var places = thresholds.map(function (t) { return y(Math.min(Math.max(t.up, scale.low), scale.high)); });   // from the lowest line upwards
    for (var i = 1; i < places.length; i++) { places[i] = Math.min(places[i], places[i - 1] - LINE); }
    var least = TOP;                                                 // what went beyond the top comes back
    for (i = places.length - 1; i >= 0; i--) {
      places[i] = Math.max(places[i], least);
      least = places[i] + LINE;
    }
    thresholds.forEach(function (t, i) {
      var above = t.up > scale.high ? "▲" : "▼", edge = above === "▲" ? TOP : BOTTOM;
      if (seen(t)) {
        // an edge keeps white to be seen on a light ground, and black on a dark one
        svg.appendChild(draw("path", { "class": "edge", d: "M" + LEFT + " " + y(t.up) + "H" + RIGHT }));
        svg.appendChild(draw("path", { "class": "threshold", stroke: t.colour || "#888", d: "M" + LEFT + " " + y(t.up) + "H" + RIGHT }));
      }
      svg.appendChild(draw("path", { "class": "lead", d: "M" + RIGHT + " " + (seen(t) ? y(t.up) : edge) + "L" + (RIGHT + 8) + " " + places[i] }));
      svg.appendChild(draw("text", { "class": seen(t) ? "" : "beyond", x: RIGHT + 11, y: places[i] + 4 }, (seen(t) ? "" : above) + t.stage + ": " + number(t.up)));
    });
  }

  function drawTimes(svg, end, x, clock, day) {
    for (var hours = 48; hours >= 0; hours -= 12) {
      var second = end - hours * 3600;
      svg.appendChild(draw("path", { "class": "axis", d: "M" + x(second).toFixed(1) + " " + BOTTOM + "v5" }));
      svg.appendChild(draw("text", { x: x(second), y: BOTTOM + 18, "text-anchor": "middle" }, clock(second * 1000)));
      if (hours % 24 === 0) { svg.appendChild(draw("text", { x: x(second), y: BOTTOM + 33, "text-anchor": "middle" }, day(second * 1000))); }
    }
  }

  function drawValues(svg, scale, unit, y) {
    var digits = scale.high - scale.low < 1 ? 2 : 1;
    svg.appendChild(draw("text", { "class": "unit", x: 2, y: 11 }, unit));
    [scale.low, scale.high].forEach(function (value) {
      svg.appendChild(draw("text", { x: LEFT - 4, y: y(value) + (value === scale.low ? 0 : 9), "text-anchor": "end" }, value.toFixed(digits)));
    });
  }

  function line(points, x, y) {
    var before = null;
    return draw("path", { "class": "line", d: points.map(function (p) {
      var to = before === null || p[0] - before > GAP ? "M" : "L";
      before = p[0];
      return to + x(p[0]).toFixed(1) + " " + y(p[1]).toFixed(1);
    }).join("") });
  }

  // A bar stands for the time since the reading before its own.
  function bars(points, x, y) {
    return draw("path", { "class": "bars", d: points.map(function (p, i) {
      var since = Math.max(i ? points[i - 1][0] : p[0], p[0] - LONGEST);
      return p[1] > 0 ? "M" + x(since).toFixed(1) + " " + BOTTOM + "V" + y(p[1]).toFixed(1) + "H" + x(p[0]).toFixed(1) + "V" + BOTTOM + "z" : "";
    }).join("") });
  }

  // passportChart returns the drawing of {points, thresholds} until a time, or nothing for want of two points.
  // look: {unit, bars: whether they are amounts of a time as rain is, number: how a value is written}.
  window.passportChart = function (chart, until, words, look, clock, day) {
    if (!chart || chart.points.length < 2) { return null; }
    var end = Math.floor(until / 1000), start = end - SPAN, scale = range(chart, look.bars);
    function x(second) { return LEFT + (second - start) / SPAN * (RIGHT - LEFT); }
    function y(value) { return BOTTOM - (value - scale.low) / (scale.high - scale.low) * (BOTTOM - TOP); }

    var svg = draw("svg", { "class": "chart", viewBox: "0 0 " + WIDTH + " " + HEIGHT, role: "img", "aria-label": words });
    drawTimes(svg, end, x, clock, day);
    drawValues(svg, scale, look.unit, y);
    if (look.bars) { svg.appendChild(bars(chart.points, x, y)); }   // behind the lines, which it would hide
    drawThresholds(svg, chart.thresholds, scale, y, look.number);
    if (!look.bars) { svg.appendChild(line(chart.points, x, y)); }
    svg.appendChild(draw("path", { "class": "axis", fill: "none", d: "M" + LEFT + " " + TOP + "V" + BOTTOM + "H" + RIGHT }));
    return svg;
  };
}());
