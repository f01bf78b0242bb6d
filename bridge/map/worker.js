/* Keeps the page and the last map for when the network is down: who opens it
   then sees what it showed last, and page.js says how old that is. */
"use strict";

var CACHE = "passport-map";
var FILES = ["./", "page.css", "words.js", "chart.js", "alerts.js", "page.js", "leaflet.js", "leaflet.css", "map.js"];

self.addEventListener("install", function (event) {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.addAll(FILES); }));
});

self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

// The server is asked each time whether a file has changed, and sends it only then.
self.addEventListener("fetch", function (event) {
  var url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) { return; }
  url.search = url.hash = "";   // map.js is asked for with the time behind it
  // a page itself may be somewhere else by now, and only its own request may be told so
  event.respondWith(fetch(event.request.mode === "navigate" ? event.request : new Request(url.href, { cache: "no-cache" })).then(function (response) {
    if (response.ok) {
      var copy = response.clone();
      event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.put(url.href, copy); }));
    }
    return response;
  }, function () {
    return caches.match(url.href).then(function (kept) { return kept || Response.error(); });
  }));
});
