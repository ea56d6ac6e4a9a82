import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { reportFormats } from '../../../core/report/index.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { hostile, renamed, sampleRun, samples } from '../../support/sample-results.js';

const executablePath = installedChromium();
const skip = executablePath === undefined && 'no Chromium on PATH';
const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-html-'));
let browser: Browser;

before(async () => {
  if (executablePath !== undefined) {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  }
});
after(async () => {
  if (executablePath !== undefined) await browser.close();
  rmSync(folder, { recursive: true });
});

test('fits a phone and a desktop without scrolling sideways', { skip }, async () => {
  const long = hostile(`models/${'very-long-name'.repeat(20)}.onnx`);
  for (const width of [360, 390, 1280]) {
    const { overflow } = await open([...Object.values(samples), long], width);
    assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`);
  }
});

test('makes no request, and hostile names run nothing', { skip }, async () => {
  const payload =
    '</style></title></svg><script>window.owned=1</script><img src=http://127.0.0.1:9/x onerror=window.owned=1>';
  const { requests, errors, owned } = await open([hostile(payload), samples.backdoored], 1280);
  assert.deepEqual({ requests, errors, owned }, { requests: [], errors: [], owned: false });
});

test('a thousand models: the index jumps to a section', { skip }, async () => {
  const results = Array.from({ length: 1000 }, (_, index) =>
    renamed(index % 20 === 0 ? samples.backdoored : samples.clean, `models/${index}.onnx`, index + 1),
  );
  const { jumped } = await open(results, 1280);
  assert.ok(jumped, 'the last section of the index is on screen after a click');
});

async function open(results: readonly ScanResult[], width: number) {
  const file = join(folder, `${width}-${results.length}.html`);
  const context = { colour: false, width: 80, encodeImage: fakeEncoder };
  writeFileSync(file, await reportFormats.get('html')!.render(sampleRun(results), context));
  const page = await browser.newPage({ viewport: { width, height: 800 }, reducedMotion: 'reduce' });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|file):/.test(request.url())) requests.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(pathToFileURL(file).href);
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  const owned = await page.evaluate<boolean>("'owned' in window");
  const link = page.locator('td a').last();
  let jumped = false;
  if ((await link.count()) > 0) {
    const target = (await link.getAttribute('href'))!;
    await link.click();
    jumped = await page.evaluate<boolean>(
      `Math.abs(document.querySelector(${JSON.stringify(target)}).getBoundingClientRect().top) < innerHeight`,
    );
  }
  await page.close();
  return { overflow, requests, errors, owned, jumped };
}

function installedChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((one) => one !== '');
  return folders.flatMap((one) => names.map((name) => join(one, name))).find((one) => existsSync(one));
}
