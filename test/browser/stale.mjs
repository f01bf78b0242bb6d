// stale DIRECTORY SHOTS: a network that takes what is asked and answers nothing: the page says by itself how old it is, and opens with what was kept.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, is, launch, ok, serve } from './lib.mjs';

const [directory, shots] = process.argv.slice(2);
const server = await serve(directory);
const browser = await launch();
async function open(options) {
  const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 900 }, colorScheme: 'light', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  await page.clock.install();
  await page.goto(server.address);
  await page.waitForSelector('#sensors button');
  return page;
}
const stale = page => page.locator('#stale');

// written TIME, VALUE: the map of a time, with a value that was not there before
async function written(time, value) {
  const text = await readFile(join(directory, 'map.js'), 'utf8');
  const stamp = new Date(time).toISOString().replace(/\.\d+Z/, 'Z');
  await writeFile(join(directory, 'map.js'), text.replace(/"value": [\d.]+/, `"value": ${value}`).replace(/Written = "[^"]*"/, `Written = "${stamp}"`));
}
const now = page => page.evaluate(() => Date.now());
const shows = (page, value) => page.waitForFunction(v => document.querySelector('#sensors').textContent.includes(v), value, { timeout: 30000 });

for (const [name, options] of [['with what was kept', {}], ['without', { serviceWorkers: 'block' }]]) {
  await attempt(name, async () => {
    server.mute(false);
    await written(Date.now() - 9000, 4.11);
    const page = await open(options);
    if (!options.serviceWorkers) {
      await page.waitForFunction(() => navigator.serviceWorker.controller);
      await page.reload();
      await page.waitForSelector('#sensors button');
    }
    await written(await now(page) - 1000, 4.21);
    const began = Date.now();
    await shows(page, '4.21');
    ok(Date.now() - began < 4000, `${name}: a new level is shown within a few seconds`, `${Date.now() - began} ms`);
    ok(await stale(page).isHidden(), 'and nothing is called stale');
    server.mute(true);
    await page.clock.runFor(4 * 60 * 1000);
    ok(await stale(page).isHidden(), 'four minutes without an answer are borne');
    await page.clock.runFor(70 * 1000);
    await stale(page).waitFor();
    ok(/5分前から/.test(await stale(page).textContent()), 'after five the page says by itself that it is stale', await stale(page).textContent());
    await page.clock.runFor(60 * 1000);
    ok(/6分前から/.test(await stale(page).textContent()), 'and goes on counting', await stale(page).textContent());
    if (!options.serviceWorkers) {
      const asked = Date.now();
      await page.reload();
      await page.waitForSelector('#sensors button');
      ok(Date.now() - asked < 6000, 'what was kept opens within a few seconds', `${Date.now() - asked} ms`);
      await shows(page, '4.21');
      ok(true, 'with the last level');
      await page.clock.runFor(2000);
      await stale(page).waitFor();
      ok(true, 'and says how old it is');
      await page.screenshot({ path: join(shots, 'mute.png') });
    }
    server.mute(false);
    await written(await now(page), 4.37);
    await page.clock.runFor(21000);   // it has waited for an answer until now
    await shows(page, '4.37');
    await stale(page).waitFor({ state: 'hidden' });
    ok(true, 'when there are answers again, the map is new');
    await page.context().close();
  });
}
await browser.close();
await server.stop();
