// report FILE SHOTS: the staff's report, which is one file that asks nobody for anything.
import { join } from 'node:path';
import { faint, is, launch, nameless, ok, wide } from './lib.mjs';

const [file, shots] = process.argv.slice(2);
const browser = await launch();
const asked = [], complaints = [];
const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
context.on('request', r => asked.push(r.url()));
const page = await context.newPage();
page.on('console', m => { if (m.type() === 'error') { complaints.push(m.text()); } });
page.on('pageerror', e => complaints.push(String(e)));
await page.goto(`file://${file}`);
is(await page.locator('h1').count(), 1, 'the report has a head');
ok(await page.locator('svg').first().isVisible(), 'a map');
ok(await page.locator('table').count() > 3, 'tables');
ok((await page.locator('body').textContent()).includes('洪水警報'), 'and the warnings of the weather service');
ok(await page.locator('html[lang]').count() === 1, 'says its language');
is((await nameless(page)).join('\n'), '', 'whatever can be used has a name');
is(JSON.stringify(await faint(page)), '[]', 'no text of the report is too faint');
await page.screenshot({ path: join(shots, 'report.png'), fullPage: true });
await page.setViewportSize({ width: 360, height: 740 });
is(await wide(page), 0, 'a phone need not scroll sideways');
await page.screenshot({ path: join(shots, 'report-phone.png'), fullPage: true });
is(asked.filter(u => !u.startsWith('file:') && !u.startsWith('data:')).join(' '), '', 'it asks nobody for anything');
is(complaints.join('\n'), '', 'the browser has nothing to complain of');
await browser.close();
