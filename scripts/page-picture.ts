import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { delay } from '../src/base/delay.ts';
import { launchChromium } from '../test/support/chromium.ts';

/* Makes docs/viewer.png, the README's picture: the demo as it runs, in Chromium. */

const root = fileURLToPath(new URL('..', import.meta.url));
const demo = spawn(process.execPath, ['src/cli/main.ts', 'run', '--port', '0'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise<string>((resolve) => {
  createInterface(demo.stdout).on('line', (line) => {
    const found = /http:\/\/\S+token=\S+/.exec(line);
    if (found !== null) resolve(found[0]);
  });
});
const browser = await launchChromium({ viewport: { width: 1280, height: 790 }, colorScheme: 'light' });
try {
  const page = await browser.context.newPage();
  await page.goto(url);
  for (const id of ['demo-camera-1', 'demo-camera-2']) {
    await page.click(`[data-camera-id="${id}"] [data-testid="play"]`, { timeout: 15_000 });
    await page.waitForFunction((camera) => (window.viewer.sessions[camera]?.statistics?.framesDecoded ?? 0) > 0, id);
  }
  await page.click('[data-camera-id="demo-camera-1"] [data-testid="statistics"]');
  // The statistics want some seconds to mean something.
  await delay(5000);
  await page.screenshot({ path: `${root}docs/viewer.png` });
} finally {
  await browser.close();
  demo.kill('SIGTERM');
}
