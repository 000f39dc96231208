import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { IceSite } from '../support/ice-site.ts';
import { WebrtcbinViewer } from '../support/webrtcbin-viewer.ts';

/* A viewer that is no browser, on the cable of the gateway: GStreamer's webrtcbin with libnice, which listens for ICE-TCP too. */

const FRAMES = 50;

let site: IceSite;
let viewer: WebrtcbinViewer | undefined;

beforeAll(async () => {
  site = new IceSite();
  await site.start();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') site.tellLog();
  site.network.unblock();
  await viewer?.end();
});

afterAll(() => site?.close());

describe('webrtcbin', () => {
  it('plays directly by UDP', async () => {
    viewer = WebrtcbinViewer.at(site, 'neighbour', 'none');
    await viewer.watch(FRAMES);
    expect(await viewer.pair()).toMatchObject({ local: { protocol: 'udp' }, remote: { protocol: 'udp' } });
  });

  it('plays by TCP where UDP is dropped: the gateway connects to the port that it waits at', async () => {
    site.network.block('UDP of the neighbour');
    viewer = WebrtcbinViewer.at(site, 'neighbour', 'none');
    await viewer.watch(FRAMES);
    const { local, remote } = await viewer.pair();
    expect(remote.protocol).toBe('tcp');
    const passive = viewer.candidates.filter((candidate) => candidate.includes('tcptype passive'));
    expect(passive.some((candidate) => candidate.includes(` ${local.address} ${local.port} typ host`))).toBe(true);
  });
});
