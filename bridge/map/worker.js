/* Keeps the page and the last map for when the network is down: who opens it
   then sees what it showed last, and page.js says how old that is. */
"use strict";

var CACHE = "passport-map";
var FILES = ["./", "page.css", "chart.js", "page.js", "leaflet.js", "leaflet.css", "map.js"];

self.addEventListener("install", function (event) {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.addAll(FILES); }));
});

self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

self.addEventListener("fetch", function (event) {
  var url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) { return; }
  url.search = "";   // map.js is asked for with the time behind it
  event.respondWith(fetch(event.request).then(function (response) {
    if (response.ok) {
      var copy = response.clone();
      event.waitUntil(caches.open(CACHE).then(function (cache) { return cache.put(url.href, copy); }));
    }
    return response;
  }, function () {
    return caches.match(url.href).then(function (kept) { return kept || Response.error(); });
  }));
});
