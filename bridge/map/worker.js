/* Keeps the page and the last map for when the network is down or does not
   answer: who opens it then sees what it showed last, and page.js says how old
   that is. */
"use strict";

var CACHE = "passport-map";
var FILES = ["./", "page.css", "words.js", "chart.js", "alerts.js", "page.js", "leaflet.js", "leaflet.css", "map.js"];
var PATIENCE = 3000;        // milliseconds, before what was kept is shown
var LONGEST = 15 * 1000;    // for a slow network to bring a file to its end, before a dead one is let go

var asked = {};             // what is under way, by address: a slow network is not asked for one thing twice
var hung = false;           // the last answer did not come in time: the next is not waited for

self.addEventListener("install", function (event) {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.addAll(FILES); }));
});

self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

function begin(request, name) {
  var stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, LONGEST);
  return fetch(request, { signal: stop.signal }).then(function (response) {
    hung = false;
    if (!response.ok) { return response; }
    return caches.open(CACHE).then(function (cache) { return cache.put(name, response.clone()); }).then(function () { return response; });
  }).finally(function () {
    clearTimeout(timer);
    delete asked[name];
  });
}

// The answer, once it has come whole and is kept.
function ask(request, name) {
  asked[name] = asked[name] || begin(request, name);
  return asked[name].then(function (response) { return response.clone(); });
}

// What was kept, if the answer does not come in time.
function orKept(answer, kept) {
  return new Promise(function (done) {
    var timer = setTimeout(function () { hung = true; done(kept); }, hung ? 0 : PATIENCE);
    answer.then(done, function () { done(kept); }).finally(function () { clearTimeout(timer); });
  });
}

// The server is asked each time whether a file has changed, and sends it only then.
self.addEventListener("fetch", function (event) {
  var url = new URL(event.request.url), answer;
  if (event.request.method !== "GET" || url.origin !== self.location.origin) { return; }
  url.search = url.hash = "";   // map.js is asked for with the time behind it
  // a page itself may be somewhere else by now, and only its own request may be told so
  answer = ask(event.request.mode === "navigate" ? event.request : new Request(url.href, { cache: "no-cache" }), url.href);
  event.waitUntil(answer.catch(function () { /* there is none */ }));
  event.respondWith(caches.match(url.href).then(function (kept) { return kept ? orKept(answer, kept) : answer; }));
});
