// map DIRECTORY TILED SHOTS: the page of passport-map, as people use it. TILED is the page with background tiles.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, faint, is, launch, nameless, ok, serve, small, wide } from './lib.mjs';

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
is(await page.locator('[data-key="mark shelter s1"]').getAttribute('aria-label'), '公民館, 対応する災害: 洪水', 'each is read aloud by what it is');
is(await page.locator('#sensors > ul > li').count(), 3, 'each gauge is in the list');
is(await page.locator('#sensors svg.chart').count(), 1, 'with a chart where there are readings');
ok((await page.locator('#sensors svg.chart').getAttribute('aria-label')).includes('最高 4.60 m'), 'which can be read aloud');
is(await page.locator('#sensors .threshold').count(), 5, 'and shows the thresholds');
const boxes = await page.locator('#sensors svg.chart text').evaluateAll(t => t.map(e => e.getBoundingClientRect().toJSON()));
// a box is higher than its letters by more than a half
const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && Math.abs(a.top - b.top) < a.height * 0.65;
is(boxes.filter((a, i) => boxes.some((b, j) => j > i && over(a, b))).length, 0, 'no words of the chart lie over others');
is(await page.locator('#sensors .thresholds li').count(), 5, 'whose names stand below it');
ok((await page.locator('#sensors li').first().textContent()).includes('7月1日 05:00 観測'), 'it is said when it was observed');
ok((await page.locator('#time').textContent()).includes('JST'), 'and in which time zone');
ok((await page.locator('#shelters button').first().textContent()).includes('開いています'), 'the open shelter comes first');
ok((await page.locator('#weather').textContent()).includes('警戒レベル 3 相当洪水警報'), 'warnings of the weather service are listed');
ok((await page.locator('#banner').textContent()).includes('洪水、警戒レベル 4 避難指示'), 'the alert stands above, with its hazard');
is(await page.locator('.leaflet-marker-icon .tag').allTextContents().then(t => t.sort().join()), 'レベル 3,レベル 4', 'and on the map its level is written, not only coloured');
ok((await page.locator('#alerts article').first().textContent()).includes('更新'), 'an update says when it was');
const ended = await page.locator('#alerts article.over').allTextContents();
ok(ended.length === 2 && ended[0].startsWith('取消、土砂災害、警戒レベル 3') && ended[1].startsWith('解除、土砂災害、警戒レベル 4'), 'what was over within a day is said to be', ended);
is(await page.locator('.leaflet-marker-icon .tag').count(), 2, 'and is no longer on the map');
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
  is(new URL(page.url()).hash, '#sensor/bridge', 'which has an address of its own');
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
  is(await page.locator('#news').textContent(), '', 'nor what is no news');
  await writeFile(join(directory, 'map.js'), text.replace('"value": 4.3', '"value": 6.1').replace('"stage": 3, "value"', '"stage": 4, "value"').replace(/"stage": 3,( "sensor": "bridge")/, '"stage": 4,$1')
    .replace(/("kind": "sensor", [^{}]*?"stage": )3/, '$14').replace(/Written = "[^"]*"/, `Written = "${new Date(Date.parse(later) + 30000).toISOString().replace(/\.\d+Z/, 'Z')}"`));
  await page.clock.runFor(31000);
  await page.waitForFunction(() => document.querySelector('#news').textContent !== '');
  ok((await page.locator('#news').textContent()).includes('海ノ口橋 6.10 m 段階 4'), 'a stage that changes is said', await page.locator('#news').textContent());
  is(await page.locator('#news').getAttribute('role'), 'status', 'aloud, when there is a pause');
});

// in other languages
await attempt('languages', async () => {
  await page.locator('#language').selectOption('en');
  ok((await page.locator('h1').textContent()).includes('Water level and evacuation map'), 'it speaks English');
  is(await page.locator('html').getAttribute('lang'), 'en', 'and says so');
  ok((await page.locator('#alerts h3').first().textContent()).includes('Evacuation Order'), 'the alert too');
  is(await page.locator('#sensors button span:nth-child(2)').first().getAttribute('lang'), 'ja', 'a Japanese name says that it is Japanese');
  await shot(page, 'map-en');
  await page.reload();
  ok((await page.locator('h1').textContent()).includes('Water level'), 'it remembers the language');
  await page.locator('#language').selectOption('vi');
  ok(/[ạảấầậắặẻếềệọộớờợụứừựỹ]/.test(await page.locator('#alerts').textContent()), 'the alert in Vietnamese');
  is(await page.locator('#alerts h3').first().getAttribute('lang'), 'vi', 'and says so');
  await page.locator('#language').selectOption('ja-easy');
  ok((await page.locator('h1').textContent()).includes('逃(に)げる'), 'the page in やさしい日本語');
  ok((await page.locator('#alerts p').first().textContent()).includes('(に)げて'), 'and the alert', await page.locator('#alerts p').first().textContent());
  is(await page.locator('#alerts h3').first().getAttribute('lang'), null, 'which is Japanese as the page is');
  await shot(page, 'map-easy');
  await page.locator('#language').selectOption('ja');
});

// for everybody: landmarks, names, contrast, in light and dark
for (const [what, count] of [['main', 1], ['header', 1], ['footer', 1], ['h1', 1], ['[aria-live]', 1], ['[role=status]', 1]]) {
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
  is((await small(phone)).join('\n'), '', 'a finger finds whatever can be used');
  await shot(phone, 'map-phone');
  await mark(phone, 'bridge').tap();
  await popup(phone).waitFor();
  ok(true, 'a tap opens a popup');
  await phone.clock.runFor(1000);   // the map slides
  const frame = await phone.locator('#map').boundingBox(), box = await phone.locator('.leaflet-popup-content-wrapper').boundingBox();
  ok(box.x >= frame.x && box.x + box.width <= frame.x + frame.width, 'which fits', frame, box);
  is((await small(phone)).join('\n'), '', 'and can be closed with a finger');
  await shot(phone, 'map-phone-popup', false);
  await phone.setViewportSize({ width: 320, height: 640 });
  is(await wide(phone), 0, 'nor does the smallest');
  await phone.context().close();
});

// an alert that ends
await attempt('an end', async () => {
  const text = await readFile(join(directory, 'map.js'), 'utf8');
  const map = JSON.parse(text.match(/^window\.passportMap = (.*);$/m)[1]), worst = map.features.find(f => f.properties.kind === 'alert');
  map.features = map.features.filter(f => f !== worst);
  map.over.unshift({ ...worst.properties, state: 'ended', over_at: map.generated_at });
  const later = new Date(await page.evaluate(() => Date.now()) + 10000).toISOString().replace(/\.\d+Z/, 'Z');
  await writeFile(join(directory, 'map.js'), `window.passportMap = ${JSON.stringify(map)};\nwindow.passportMapWritten = "${later}";\n`);
  await page.clock.runFor(11000);
  await page.waitForFunction(() => !document.querySelector('#banner').textContent.includes('レベル 4'));
  ok(true, 'an alert that ended is gone from above within ten seconds');
  is(await page.locator('.leaflet-marker-icon .tag').allTextContents().then(t => t.join()), 'レベル 3', 'and from the map');
  ok((await page.locator('#alerts article.over').first().textContent()).startsWith('解除、洪水、警戒レベル 4'), 'and is listed as lifted');
});

// without a network
await attempt('without a network', async () => {
  ok(await page.locator('#stale').isHidden(), 'fresh data are not called stale');
  // the worker asks whether the map has changed, and is not sent it again
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  await page.clock.runFor(11000);
  await page.waitForTimeout(500);
  const before = server.sent['/map.js'];
  await page.clock.runFor(31000);
  await page.waitForTimeout(500);
  ok(server.unchanged['/map.js'] > 0, 'a map that has not changed is asked for', server.unchanged);
  is(server.sent['/map.js'], before, 'and not sent again');
  await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.active, null, { timeout: 10000 });
  await server.stop();
  await page.reload();
  await page.waitForSelector('#sensors button');
  is(await page.locator('#sensors > ul > li').count(), 3, 'the page opens without its server, with the last map');
  await page.clock.fastForward('06:00');
  await page.locator('#stale').waitFor();
  ok(/6分前から/.test(await page.locator('#stale').textContent()), 'and says how old that is', await page.locator('#stale').textContent());
  is(await page.locator('#stale').getAttribute('role'), 'alert', 'aloud');
  await page.evaluate(() => window.scrollTo(0, 700));
  ok(await page.locator('#stale').evaluate(e => e.getBoundingClientRect().top >= 0), 'and to who has scrolled down, too');
  await shot(page, 'map-stale', false);
});
await attempt('from a disk', async () => {
  const disk = await open({ offline: true }, `file://${directory}/index.html`);
  is(await disk.locator('#sensors > ul > li').count(), 3, 'it opens from a disk');
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
