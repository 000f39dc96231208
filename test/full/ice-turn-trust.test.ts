import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IceSite, type IceCamera } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/* A TURN server over TLS whose certificate the gateway does not trust. */

let site: IceSite;

beforeAll(async () => {
  site = new IceSite();
  await site.start({ trusts: false });
});

afterAll(() => site?.close());

describe('a TURN server with a certificate that the gateway does not trust', () => {
  it('gives it no relay by TLS, though it does by TCP', async () => {
    const browser = await site.openChromium('neighbour');
    const relays = async (camera: IceCamera): Promise<string[]> => {
      const viewer = await IceViewer.open(browser, site, camera);
      await viewer.watch();
      return (await viewer.candidatesReceived()).filter((candidate) => candidate.includes('typ relay'));
    };
    expect(await relays('turn-tcp')).toHaveLength(1);
    expect(await relays('turn-tls')).toEqual([]);
  });
});
