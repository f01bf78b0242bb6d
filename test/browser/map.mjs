// map DIRECTORY TILED SHOTS: the page of passport-map, as people use it. TILED is the page with background tiles.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, faint, is, launch, nameless, ok, serve, wide } from './lib.mjs';

const [directory, tiled, shots] = process.argv.slice(2);
const server = await serve(directory);
const browser = await launch();
const asked = new Set(), complaints = [];

async function open(options, address = server.address) {
  const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options });
  context.on('request', r => asked.add(new URL(r.url()).host));
  const page = await context.newPage();
  page.on('console', m => { if (m.type() === 'error') { complaints.push(m.text()); } });
  page.on('pageerror', e => complaints.push(e.stack));
  await page.clock.install();
  await page.goto(address);
  await page.waitForSelector('#sensors button');
  return page;
}
const shot = (page, name, fullPage = true) => page.screenshot({ path: join(shots, `${name}.png`), fullPage });
const popup = page => page.locator('.leaflet-popup');
const focused = page => page.evaluate(() => document.activeElement.dataset.key ?? document.activeElement.id ?? document.activeElement.tagName);
const mark = (page, sensor) => page.locator(`[data-key="mark sensor ${sensor}"]`);

// as it is seen
const page = await open();
page.setDefaultTimeout(10000);
is(await page.title(), '南牧村 水位と避難の地図', 'the page has a title');
is(await page.locator('.leaflet-marker-icon .mark').count(), 3, 'each gauge is on the map');
ok(await mark(page, 'bridge').isVisible(), 'and seen');
is(await page.locator('.leaflet-marker-icon .house').count(), 2, 'so are the shelters');
is(await page.locator('#sensors li').count(), 3, 'each gauge is in the list');
is(await page.locator('#sensors svg.chart').count(), 1, 'with a chart where there are readings');
ok((await page.locator('#sensors svg.chart').getAttribute('aria-label')).includes('最高 4.60 m'), 'which can be read aloud');
is(await page.locator('#sensors .threshold').count(), 3, 'and shows the thresholds');
ok((await page.locator('#shelters button').first().textContent()).includes('開いています'), 'the open shelter comes first');
ok((await page.locator('#weather').textContent()).includes('警戒レベル 3 相当洪水警報'), 'warnings of the weather service are listed');
ok((await page.locator('#banner').textContent()).includes('避難指示'), 'the alert stands above');
is(await page.locator('script').evaluateAll(s => s.filter(e => e.textContent.includes('alert')).length), 0, 'a name is a text, never a script');
await shot(page, 'map-ja-light');

// with a mouse
await attempt('a popup is opened by mouse', async () => {
  await mark(page, 'bridge').click();
  await popup(page).waitFor();
  ok((await popup(page).textContent()).includes('海ノ口橋'), 'a popup is opened by mouse');
  is(await popup(page).locator('svg.chart').count(), 1, 'with the chart');
  await page.waitForTimeout(300);
  await shot(page, 'map-popup', false);
});

// new data, while somebody reads
await attempt('what is open stays open', async () => {
  const text = await readFile(join(directory, 'map.js'), 'utf8');
  const later = new Date(await page.evaluate(() => Date.now()) + 30000).toISOString().replace(/\.\d+Z/, 'Z');
  await writeFile(join(directory, 'map.js'), text.replace('"value": 4.1', '"value": 4.3').replace(/Written = "[^"]*"/, `Written = "${later}"`));
  await page.clock.runFor(31000);
  await page.waitForFunction(() => document.querySelector('#sensors .value').textContent.includes('4.30'));
  ok((await popup(page).textContent()).includes('4.30'), 'what is open stays open, and shows the new value');
  ok(await page.evaluate(() => document.activeElement.closest('.leaflet-popup') !== null), 'and has the focus still');
});

// with a keyboard
await attempt('by keyboard', async () => {
  await page.keyboard.press('Escape');
  await popup(page).waitFor({ state: 'detached' });
  ok(true, 'Escape closes a popup');
  await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
  await page.reload();
  await page.waitForSelector('#sensors button');
  await page.keyboard.press('Tab');
  is(await page.evaluate(() => document.activeElement.className), 'skip', 'the first Tab reaches the way past the map');
  ok(await page.locator('.skip').evaluate(e => e.getBoundingClientRect().left >= 0), 'which is seen then');
  await page.keyboard.press('Tab');
  is(await focused(page), 'language', 'the second the language');
  await page.keyboard.press('Tab');
  is(await focused(page), 'map', 'the third the map');
  const order = [], unseen = [];
  for (let i = 0; i < 30 && !order.includes('list sensor bridge'); i++) {
    await page.keyboard.press('Tab');
    order.push(await focused(page));
    if (await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle === 'none')) { unseen.push(order.at(-1)); }
  }
  is(unseen.join(' '), '', 'what has the focus is seen to have it');
  ok(order.includes('mark sensor bridge'), 'Tab reaches a gauge on the map', order);
  ok(order.indexOf('mark sensor bridge') < order.indexOf('list sensor bridge'), 'before the list', order);
  await page.keyboard.press('Enter');
  await popup(page).waitFor();
  ok((await popup(page).textContent()).includes('海ノ口橋'), 'Enter in the list opens the popup on the map');
  is(await popup(page).getAttribute('role'), 'dialog', 'which is a dialog');
  ok(await page.evaluate(() => document.activeElement.matches('.leaflet-popup')), 'and takes the focus');
  await page.keyboard.press('Escape');
  await popup(page).waitFor({ state: 'detached' });
  is(await focused(page), 'list sensor bridge', 'and gives it back');
  await mark(page, 'bridge').focus();
  await page.keyboard.press('Enter');
  await popup(page).waitFor();
  ok(true, 'Enter on the map opens one too');
  await page.keyboard.press('Escape');
  await page.locator('[data-key="list sensor canal"]').focus();
  const text = await readFile(join(directory, 'map.js'), 'utf8');
  const later = new Date(await page.evaluate(() => Date.now()) + 30000).toISOString().replace(/\.\d+Z/, 'Z');
  await writeFile(join(directory, 'map.js'), text.replace('"value": 4.3', '"value": 4.4').replace(/Written = "[^"]*"/, `Written = "${later}"`));
  const banner = await page.locator('#banner').evaluateHandle(e => e.firstChild);
  await page.clock.runFor(31000);
  await page.waitForFunction(() => document.querySelector('#sensors .value').textContent.includes('4.40'));
  is(await focused(page), 'list sensor canal', 'new data leave the focus where it is');
  ok(await banner.evaluate(e => e.isConnected), 'and have nothing read aloud again that was');
});

// in other languages
await attempt('languages', async () => {
  await page.locator('#language').selectOption('en');
  ok((await page.locator('h1').textContent()).includes('Water level and evacuation map'), 'it speaks English');
  is(await page.locator('html').getAttribute('lang'), 'en', 'and says so');
  ok((await page.locator('#alerts h3').first().textContent()).includes('Evacuation Order'), 'the alert too');
  await shot(page, 'map-en');
  await page.reload();
  ok((await page.locator('h1').textContent()).includes('Water level'), 'it remembers the language');
  await page.locator('#language').selectOption('vi');
  ok(/[ạảấầậắặẻếềệọộớờợụứừựỹ]/.test(await page.locator('#alerts').textContent()), 'the alert in Vietnamese');
  await page.locator('#language').selectOption('ja');
});

// for everybody: landmarks, names, contrast, in light and dark
for (const [what, count] of [['main', 1], ['header', 1], ['footer', 1], ['h1', 1], ['[aria-live]', 1]]) {
  is(await page.locator(what).count(), count, `the page has ${count} ${what}`);
}
is((await nameless(page)).join('\n'), '', 'whatever can be used has a name');
is(JSON.stringify(await faint(page)), '[]', 'no text is too faint, in light');
const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const day = await ground();
await page.emulateMedia({ colorScheme: 'dark' });
ok(await ground() !== day, 'in the dark it is dark');
is(JSON.stringify(await faint(page)), '[]', 'no text is too faint, in dark');
await shot(page, 'map-dark');

// on a phone
await attempt('on a phone', async () => {
  const phone = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  is(await wide(phone), 0, 'a phone need not scroll sideways');
  ok((await phone.locator('.list button, select').evaluateAll(b => Math.min(...b.map(e => e.getBoundingClientRect().height)))) >= 44, 'a finger finds each button');
  await shot(phone, 'map-phone');
  await phone.setViewportSize({ width: 320, height: 640 });
  is(await wide(phone), 0, 'nor does the smallest');
  await phone.context().close();
});

// without a network
await attempt('without a network', async () => {
  ok(await page.locator('#stale').isHidden(), 'fresh data are not called stale');
  await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.active, null, { timeout: 10000 });
  await server.stop();
  await page.reload();
  await page.waitForSelector('#sensors button');
  is(await page.locator('#sensors li').count(), 3, 'the page opens without its server, with the last map');
  await page.clock.fastForward('06:00');
  await page.locator('#stale').waitFor();
  ok(/6分前から/.test(await page.locator('#stale').textContent()), 'and says how old that is', await page.locator('#stale').textContent());
  is(await page.locator('#stale').getAttribute('role'), 'alert', 'aloud');
  await shot(page, 'map-stale', false);
});
await attempt('from a disk', async () => {
  const disk = await open({ offline: true }, `file://${directory}/index.html`);
  is(await disk.locator('#sensors li').count(), 3, 'it opens from a disk');
  await disk.context().close();
});

const hosts = [...asked].filter(h => h && h !== new URL(server.address).host);
is(hosts.join(' '), '', 'nobody else was asked for anything');
// a server that was stopped, and the next map from it, are missed
const wrong = complaints.filter(c => !/ERR_CONNECTION_REFUSED|ERR_FAILED|Failed to load resource/.test(c));
is(wrong.join('\n'), '', 'the browser has nothing to complain of');

// with background tiles, when they are asked for
await attempt('tiles', async () => {
  asked.clear();
  const context = await browser.newContext({ locale: 'ja-JP' });
  await context.route(/^https:/, route => route.fulfill({ contentType: 'image/png', body: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }));
  context.on('request', r => asked.add(new URL(r.url()).host));
  const page = await context.newPage();
  await page.goto(`file://${tiled}/index.html`);
  await page.waitForSelector('img.leaflet-tile-loaded');
  is([...asked].filter(Boolean).join(' '), 'cyberjapandata.gsi.go.jp', 'background tiles come from the one server, if they are wanted');
  ok((await page.locator('.leaflet-control-attribution').textContent()).includes('地理院タイル'), 'and say whose they are');
});
await browser.close();
