import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { INTERNET } from '../support/ice-network.ts';
import { IceSite } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/* A real Chromium at home, on a line of 6 Mbit/s with a queue of 300 ms, and on the same line a download by the kernel's TCP that takes what it can get. */

const PORT = 9000;

/** Sends without end to whoever connects. */
const SENDS = `
  require('node:net').createServer((socket) => {
    const bytes = Buffer.alloc(65_536);
    const send = () => { while (socket.write(bytes)); };
    socket.on('drain', send).on('error', () => undefined);
    send();
  }).listen(${PORT}, '${INTERNET}', () => console.log('listens'));
  setTimeout(() => process.exit(), 150_000);`;

/** Says each second how many Mbit/s came. */
const RECEIVES = `
  let bytes = 0;
  require('node:net').connect(${PORT}, '${INTERNET}').on('data', ({ length }) => (bytes += length));
  setInterval(() => { console.log((bytes * 8) / 1e6); bytes = 0; }, 1000);
  setTimeout(() => process.exit(), 150_000);`;

let site: IceSite;

beforeAll(async () => {
  site = new IceSite();
  await site.start();
});

afterAll(() => site?.close());

it('a viewer beside a download by TCP that fills the line is sent all pictures after a minute at the latest, and leaves it some', async () => {
  const browser = await site.openChromium('remote');
  const viewer = await IceViewer.open(browser, site, 'stun');
  await viewer.watch();
  site.network.limitHome(6000);
  await site.run('internet', [process.execPath, '-e', SENDS]).says(/listens/);
  const download = site.run('remote', [process.execPath, '-e', RECEIVES]);
  const rates = (): number[] => download.stdout.split('\n').filter(Boolean).map(Number);
  const sent: string[] = [];
  const lasts = async (seconds: number): Promise<void> => {
    await vi.waitUntil(() => (sent.push(String(site.thinnings('stun'))), rates().length >= seconds), {
      timeout: 120_000,
      interval: 50,
    });
  };
  await lasts(60);
  const [seen, before] = [sent.length, rates().length];
  await lasts(90);
  console.log({
    kept: share(sent, 'none'),
    keptBehindAMinute: share(sent.slice(seen), 'none'),
    mean: mean(rates()),
    meanBehind: mean(rates().slice(before)),
  });
  expect(share(sent.slice(seen), 'none')).toBeGreaterThan(0.9);
  expect(mean(rates().slice(before))).toBeGreaterThan(1);
});

function share(values: readonly string[], value: string): number {
  return values.filter((each) => each === value).length / values.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
