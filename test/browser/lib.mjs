// What the browser tests share: a server, a browser, and verdicts in the words of TAP.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
                '.geojson': 'application/geo+json', '.xml': 'application/cap+xml', '.png': 'image/png' };

// serve DIRECTORY: as any web server would, on a port of its own; counts what it sends, and what it need not send again.
// With mute(true) it takes what is asked and answers nothing, as through a network that is choked.
export async function serve(directory) {
  const sent = {}, unchanged = {};
  let silent = false;
  const server = createServer(async (request, response) => {
    if (silent) { return; }
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x/').pathname)).replace(/\/$/, '/index.html');
    try {
      const body = await readFile(join(directory, path));
      const tag = `"${createHash('sha256').update(body).digest('hex')}"`, count = request.headers['if-none-match'] === tag ? unchanged : sent;
      count[path] = (count[path] ?? 0) + 1;
      if (count === unchanged) { response.writeHead(304, { ETag: tag }).end(); return; }
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', ETag: tag }).end(body);
    } catch { response.writeHead(404).end(); }
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const stop = () => new Promise(done => { server.close(done); server.closeAllConnections(); });
  return { address: `http://127.0.0.1:${server.address().port}/`, stop, sent, unchanged, mute: quiet => { silent = quiet; } };
}

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb'] });

export function ok(good, name, ...detail) {
  console.log(`${good ? 'ok' : 'not ok'} - ${name}`);
  if (!good) { detail.forEach(d => console.log('# ' + (typeof d === 'string' ? d : JSON.stringify(d)))); }
}

export const is = (got, expected, name) => ok(got === expected, name, `got ${JSON.stringify(got)}`, `expected ${JSON.stringify(expected)}`);

// attempt: what a test waits for in vain is a failure of that test, not the end of all
export async function attempt(name, work) {
  try { await work(); } catch (error) { ok(false, name, String(error.message).split('\n')[0]); }
}

// Texts that WCAG 2.2 calls too faint: 4.5 to 1, 3 to 1 for large letters.
export const faint = page => page.evaluate(() => {
  const channels = colour => {
    // what color-mix makes has no other form than its own; a canvas knows all
    const c = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1);
    return [...c.getImageData(0, 0, 1, 1).data];
  };
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (let p = e; p; p = p.parentElement) {
      const colour = channels(getComputedStyle(p).backgroundColor);
      if (colour[3] === 255) { return colour; }
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('noscript, script, [hidden], .hidden, .skip, svg:not(.chart)')
      && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const style = getComputedStyle(e), ink = channels(e instanceof SVGElement ? style.fill : style.color), size = parseFloat(style.fontSize);
      const [high, low] = [light(ink), light(ground(e))].sort((a, b) => b - a);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      return { text: e.textContent.trim().slice(0, 30), ratio: +((high + 0.05) / (low + 0.05)).toFixed(2), need: large ? 3 : 4.5 };
    }).filter(t => t.ratio < t.need);
});

// What can be used and has no name for who does not see it.
export const nameless = page => page.evaluate(() =>
  [...document.querySelectorAll('a[href], button, select, input, [role=button], [role=img], [role=region], [role=dialog], section')].filter(e => e.checkVisibility())
    .filter(e => !(e.getAttribute('aria-label') || e.title || e.textContent.trim() && e.tagName !== 'SELECT'
      || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent.trim() || e.labels?.[0]?.textContent.trim()))
    .map(e => e.outerHTML.slice(0, 120)));

// What a finger misses: less than 44 pixels high or wide, unless it is a link within a line.
export const small = page => page.evaluate(() =>
  [...document.querySelectorAll('a[href], button, select, [role=button]')].filter(e => e.checkVisibility() && !e.closest('.skip, .leaflet-control-attribution'))
    .map(e => [e, e.getBoundingClientRect()]).filter(([, box]) => box.height < 43.9 || box.width < 43.9)
    .map(([e, box]) => `${e.outerHTML.slice(0, 90)}: ${box.width} by ${box.height}`));

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What axe-core finds wrong by the rules of WCAG 2.2 A and AA and by good practice.
export async function wrong(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  // a symbol stands where its place is, and a popup may lie over its edge: 2.5.8 excepts maps
  const held = v => v.nodes.filter(n => v.id !== 'target-size' || !n.html.includes('leaflet-marker-icon'));
  return found.violations.filter(v => held(v).length).map(v => `${v.id}: ${held(v).map(n => `${n.html.slice(0, 140)} ${n.any.map(a => a.message)}`).join(' | ')}`);
}

export const wide = page => page.evaluate(() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth);
