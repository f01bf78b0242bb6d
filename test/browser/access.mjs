// access DIRECTORY WORST SHOTS: the page for everybody: who does not see it, who has no script, who prints it, who gets sick of motion. WORST has alerts of all levels.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, faint, is, launch, ok, serve, wide, wrong } from './lib.mjs';

const [directory, worst, shots] = process.argv.slice(2);
const browser = await launch();
const servers = { [directory]: await serve(directory), [worst]: await serve(worst) };
async function open(from, options, hash = '') {
  const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 900 }, colorScheme: 'light', serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  await page.goto(servers[from].address + hash);
  if (options?.javaScriptEnabled !== false) { await page.waitForSelector('#sensors button'); }
  return page;
}
const shot = (page, name, fullPage = true) => page.screenshot({ path: join(shots, `${name}.png`), fullPage });

// by the rules, in each look
for (const [name, from, options] of [['light', directory, {}], ['dark', directory, { colorScheme: 'dark' }], ['all levels', worst, {}], ['all levels in dark', worst, { colorScheme: 'dark' }],
  ['a phone', worst, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }], ['English', directory, { locale: 'en-GB' }]]) {
  await attempt(`axe: ${name}`, async () => {
    const page = await open(from, options);
    is((await wrong(page)).join('\n'), '', `axe finds nothing wrong: ${name}`);
    for (const key of ['sensor bridge', 'alert 2', 'shelter s1']) {
      await page.locator(`[data-key="mark ${key}"]`).focus();
      await page.keyboard.press('Enter');
      await page.locator('.leaflet-popup').waitFor();
      await page.locator('.leaflet-pan-anim').waitFor({ state: 'detached' });
      is((await wrong(page)).join('\n'), '', `nor with the popup of ${key}`);
      await page.keyboard.press('Escape');
      await page.locator('.leaflet-popup').waitFor({ state: 'detached' });
    }
    await page.context().close();
  });
}

await attempt('all levels', async () => {
  const page = await open(worst);
  is((await page.locator('.leaflet-marker-icon .tag').allTextContents()).map(t => t.slice(-1)).sort().join(''), '12345', 'each level is written on the map');
  is(await page.locator('#map path[fill^="url(#level-"]').evaluateAll(p => new Set(p.map(e => e.getAttribute('fill'))).size), 5, 'has a pattern of its own');
  is(await page.locator('.patterns path').evaluateAll(p => new Set(p.map(e => e.getAttribute('d'))).size), 5, 'unlike the others');
  is(await page.locator('#legend .swatch').count(), 5, 'and stands in the legend');
  is(JSON.stringify(await faint(page)), '[]', 'no text is too faint');
  is((await page.locator('#banner').textContent()).match(/洪水|土砂災害|大雨|高潮/g).join(), '土砂災害,洪水,洪水,大雨,高潮', 'hazards are told apart, the worst first');
  await shot(page, 'levels');
  await page.emulateMedia({ colorScheme: 'dark' });
  is(JSON.stringify(await faint(page)), '[]', 'nor in dark');
  await shot(page, 'levels-dark', false);
  await page.context().close();
});

await attempt('without a script', async () => {
  const page = await open(worst, { javaScriptEnabled: false });
  const text = await page.locator('body').innerText();
  for (const words of ['警戒レベル 4 避難指示', 'Evacuation Order', '川の水があふれる', '海ノ口橋', '3 避難判断', '4.10 m', '7月1日 05:00 現在', '洪水警報', '公民館', '開いています', '解除', '保守中']) {
    ok(text.includes(words), `without a script it says ${words}`, text);
  }
  ok(!(await page.locator('#map').isVisible()), 'and has no empty map');
  is(await page.locator('script').evaluateAll(s => s.filter(e => e.textContent.includes('alert')).length), 0, 'a name is a text, never a script');
  await page.setViewportSize({ width: 320, height: 640 });
  is(await wide(page), 0, 'nor must be scrolled sideways');
  await shot(page, 'plain');
  await page.context().close();
});

await attempt('addresses', async () => {
  const page = await open(directory, {}, '#sensor/canal');
  ok((await page.locator('.leaflet-popup').textContent()).includes('用水路'), 'the address of a gauge opens it');
  await page.evaluate(() => { location.hash = '#alert/2'; });
  await page.waitForFunction(() => document.querySelector('.leaflet-popup').textContent.includes('避難指示'));
  ok(true, 'so does that of an alert');
  await page.keyboard.press('Escape');
  await page.locator('.leaflet-popup').waitFor({ state: 'detached' });
  is(new URL(page.url()).hash, '', 'and it is gone with the popup');
  await page.evaluate(() => { location.hash = '#nowhere/%'; });
  ok(await page.locator('#sensors button').first().isVisible(), 'an address of nothing does no harm');
  await page.context().close();
});

await attempt('on paper', async () => {
  const page = await open(worst, { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  is(await page.locator('#language').isVisible(), false, 'what cannot be pressed is not printed');
  is(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)', 'and it is light');
  is(JSON.stringify(await faint(page)), '[]', 'no text is too faint on paper');
  await page.pdf({ path: join(shots, 'map.pdf'), format: 'A4' });
  await page.context().close();
});

await attempt('without motion', async () => {
  const page = await open(directory, { reducedMotion: 'reduce' });
  await page.locator('[data-key="list sensor bridge"]').click();
  await page.locator('.leaflet-popup').waitFor();
  is(await page.locator('.leaflet-zoom-anim, .leaflet-pan-anim').count(), 0, 'nothing moves for who wants no motion');
  is(await page.locator('.leaflet-marker-icon').first().evaluate(e => getComputedStyle(e).transitionDuration), '0s', 'nor slides');
  await page.context().close();
});

// what the page is allowed is no more than it needs
const policy = (await readFile(join(directory, 'index.html'), 'utf8')).match(/Content-Security-Policy" content="([^"]*)"/)[1];
is(policy.replace(/ +/g, ' '), "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: ; worker-src 'self'; base-uri 'none'; form-action 'none'", 'the page may load from its own server alone');
await browser.close();
await Promise.all(Object.values(servers).map(s => s.stop()));
