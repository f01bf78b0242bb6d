// gauges DIRECTORY SHOTS: gauges of all kinds: rain, a channel with a zero of its own, one that counts from the sea, one without thresholds.
import { join } from 'node:path';
import { attempt, faint, is, launch, ok, serve, small, wide, wrong } from './lib.mjs';

const [directory, shots] = process.argv.slice(2);
const server = await serve(directory);
const browser = await launch();
async function open(options) {
  const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 900 }, colorScheme: 'light', serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  await page.goto(server.address);
  if (options?.javaScriptEnabled !== false) { await page.waitForSelector('#sensors button'); }
  return page;
}
const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
const entry = (page, sensor) => page.locator('#sensors li', { has: page.locator(`[data-key="list sensor ${sensor}"]`) });
const mark = (page, sensor) => page.locator(`[data-key="mark sensor ${sensor}"]`);
const words = async (page, sensor) => entry(page, sensor).locator('button').textContent();
const page = await open();

await attempt('rain', async () => {
  const text = await words(page, 'rain');
  ok(text.includes('24.5 mm/h') && text.includes('雨量計'), 'a rain gauge is called one, and has its unit', text);
  ok(!/水位計|段階|平常|標高/.test(text), 'it has no stage without thresholds, and no level', text);
  is(await mark(page, 'rain').locator('.mark').textContent(), '雨', 'it has a symbol of its own');
  ok(await mark(page, 'rain').locator('.mark').evaluate(e => getComputedStyle(e).borderRadius !== '50%'), 'of a shape of its own');
  ok((await mark(page, 'rain').getAttribute('aria-label')).startsWith('野辺山, 雨量計, 24.5 mm/h'), 'and a name that says so', await mark(page, 'rain').getAttribute('aria-label'));
  is(await entry(page, 'rain').locator('.bars').count(), 1, 'its chart has bars');
  is(await entry(page, 'rain').locator('.line').count(), 0, 'and no line');
  is(await entry(page, 'rain').locator('.unit').textContent(), 'mm/h', 'with their unit');
  is(await entry(page, 'rain').locator('.chart text').allTextContents().then(t => t.includes('0.0')), true, 'and begins at nothing');
  const drawn = await entry(page, 'rain').locator('.bars').evaluate(e => e.getBBox().y + e.getBBox().height);
  is(Math.round(drawn), 122, 'where the bars stand');
  ok((await entry(page, 'rain').locator('.chart').getAttribute('aria-label')).includes('最高 24.5 mm/h'), 'it can be read aloud');
});

await attempt('rain with thresholds', async () => {
  ok((await words(page, 'downpour')).includes('段階 3 激しい雨'), 'rain with thresholds has stages', await words(page, 'downpour'));
  is(await mark(page, 'downpour').locator('.mark.rain').textContent(), '3', 'which its symbol shows');
  is(await entry(page, 'downpour').locator('.threshold').count(), 2, 'and its chart');
});

await attempt('a channel', async () => {
  const text = await words(page, 'channel');
  ok(text.includes('0.40 m') && text.includes('水路の水位計') && text.includes('標高 1040.60 m') && text.includes('平常'), 'a channel gauge says how high its water is', text);
  is(await entry(page, 'channel').locator('.threshold').count(), 4, 'thresholds that can be seen are drawn');
  is(await entry(page, 'channel').locator('.beyond').allTextContents().then(t => t.join()), '▲5: 9.00', 'one far above is marked at the edge');
  is(await entry(page, 'channel').locator('.thresholds li').allTextContents().then(t => t.join('; ')),
    '1: 注意 0.80 m; 2: 警戒 1.00 m; 3: 避難判断 1.20 m; 4: 危険 1.40 m; 5: 越水 9.00 m', 'all are listed with name and level');
  const tints = await entry(page, 'channel').locator('.tint').evaluateAll(t => t.map(e => getComputedStyle(e).backgroundColor));
  is(new Set(tints).size, 5, 'and colour', tints);
  const lines = await entry(page, 'channel').locator('.threshold').evaluateAll(t => t.map(e => getComputedStyle(e).stroke));
  is(lines.join(), tints.slice(0, 4).join(), 'which is that of the line');
});

await attempt('low water', async () => {
  is(await entry(page, 'low').locator('.threshold').count(), 5, 'at low water all thresholds are seen');
  const heights = await entry(page, 'low').locator('.threshold').evaluateAll(t => t.map(e => e.getBBox().y));
  ok(heights.every((y, i) => y >= 22 && y <= 122 && (i === 0 || y < heights[i - 1])), 'in their order, within the plot', heights);
  ok((await words(page, 'low')).includes('標高 1001.22 m'), 'and a gauge that counts from the sea says so', await words(page, 'low'));
});

await attempt('anything else', async () => {
  const text = await words(page, 'wind');
  ok(text.includes('10 m/s') && text.includes('観測計') && !/水位|段階|平常|標高/.test(text), 'any other quantity has its unit, and no words of water', text);
  ok((await words(page, 'canal')).includes('水位計') && !/段階|平常/.test(await words(page, 'canal')), 'a gauge without thresholds has no stage', await words(page, 'canal'));
  is(await mark(page, 'canal').locator('.mark').textContent(), '水', 'nor a number');
  is(await page.locator('#legend .mark').allTextContents().then(t => t.join('')), '0雨測', 'the legend has each kind');
  is(await page.locator('#sensors-name').textContent(), '水位計・雨量計', 'the list is called by what is in it');
});

await attempt('to be read', async () => {
  for (const chart of await page.locator('#sensors svg.chart').all()) {
    const boxes = await chart.locator('text').evaluateAll(t => t.map(e => ({ text: e.textContent, ...e.getBoundingClientRect().toJSON() })));
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && Math.abs(a.top - b.top) < a.height * 0.65;
    is(boxes.flatMap((a, i) => boxes.filter((b, j) => j > i && over(a, b)).map(b => `${a.text} and ${b.text}`)).join('; '), '', 'no words of a chart lie over others');
    const edge = await chart.evaluate(e => e.getBoundingClientRect().right);
    is(boxes.filter(b => b.right > edge + 1).map(b => b.text).join(), '', 'nor beyond it');
  }
  is(JSON.stringify(await faint(page)), '[]', 'no text is too faint');
  is((await wrong(page)).join('\n'), '', 'axe finds nothing wrong');
  await shot(page, 'gauges');
  await page.emulateMedia({ colorScheme: 'dark' });
  is(JSON.stringify(await faint(page)), '[]', 'nor in dark');
  await shot(page, 'gauges-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('#language').selectOption('en');
  const english = await words(page, 'rain') + await words(page, 'channel');
  ok(english.includes('Rain gauge') && english.includes('Channel gauge') && english.includes('1040.60 m above sea level'), 'it says so in English', english);
  await shot(page, 'gauges-en');
  await page.locator('#language').selectOption('ja-easy');
  ok((await words(page, 'rain')).includes('雨(あめ)の 量(りょう)'), 'and in やさしい日本語');
});

await attempt('on a phone', async () => {
  const phone = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  is(await wide(phone), 0, 'a phone need not scroll sideways');
  is((await small(phone)).join('\n'), '', 'a finger finds whatever can be used');
  await shot(phone, 'gauges-phone');
  await phone.context().close();
});

await attempt('without a script', async () => {
  const plain = await open({ javaScriptEnabled: false });
  const rows = Object.fromEntries((await plain.locator('#sensors tr').allInnerTexts()).map(t => t.replace(/\s+/g, ' ')).map(t => [t.split(' ')[0], t]));
  ok(rows['野辺山'].startsWith('野辺山 雨量計 rain gauge – 24.5 mm/h 7月1日'), 'without a script rain is rain, too', rows);
  ok(rows['板橋水路'].includes('channel gauge 0 0.40 m 標高 above sea level 1040.60 m'), 'water has its height', rows);
  ok(rows['峠'].startsWith('峠 観測計 gauge – 10 m/s'), 'and anything else its unit', rows);
  await shot(plain, 'gauges-plain');
  await plain.context().close();
});
await browser.close();
await server.stop();
