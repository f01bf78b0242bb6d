// pictures OUT IMAGES: docs/images from what the demo left: its map and its report.
import { join, resolve } from 'node:path';
import { launch } from './lib.mjs';

const [out, images] = process.argv.slice(2).map(d => resolve(d));
const browser = await launch();
async function take(file, name, height, ready) {
  const page = await browser.newPage({ locale: 'ja-JP', viewport: { width: 1000, height } });
  await page.goto(`file://${join(out, file)}`);
  await page.waitForSelector(ready);
  await page.waitForTimeout(500);   // fonts
  await page.screenshot({ path: join(images, name) });
}
await take('today.html', 'report.png', 1180, 'h1');
await take('map/index.html', 'map.png', 980, '#sensors svg.chart');
await browser.close();
