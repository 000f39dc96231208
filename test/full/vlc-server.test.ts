import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GatewayError } from '../../src/base/errors.ts';
import { RtspClient } from '../../src/camera/rtsp/client.ts';
import type { RtspTrack } from '../../src/camera/rtsp/sdp.ts';
import { decodeRtp } from '../support/rtp-decoder.ts';
import { startVlcRtspServer } from '../support/vlc-rtsp-server.ts';

const SECONDS = 5;

describe('the RTSP server of VLC', () => {
  it('refuses TCP, is pulled by UDP without being told, and a decoder accepts both tracks', async () => {
    const server = await startVlcRtspServer();
    onTestFinished(() => server.close());
    const packets = new Map<RtspTrack, Buffer[]>();
    const ended: GatewayError[] = [];
    const client = new RtspClient({
      url: server.url,
      onTracks: (tracks) => tracks.forEach((track) => packets.set(track, [])),
      onRtp: (track, packet) => packets.get(track)?.push(Buffer.from(packet)),
      onClose: (error) => ended.push(error),
    });
    onTestFinished(() => client.close());
    const { tracks, starts } = await client.start();
    expect(client.overUdp).toBe(true);
    expect(tracks.map(({ encodingName }) => encodingName).toSorted()).toEqual(['H264', 'MPEG4-GENERIC']);
    await vi.waitFor(
      () => {
        expect(ended).toEqual([]);
        for (const [track, [first, ...more]] of packets) {
          const span = ((more.at(-1)?.readUInt32BE(4) ?? 0) - (first?.readUInt32BE(4) ?? 0)) >>> 0;
          expect(more.length > 0 ? span / track.clockRate : 0).toBeGreaterThan(SECONDS + 1.3);
        }
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(await client.keepAlive()).toBe(true);
    await client.close();
    for (const [track, each] of packets) {
      expect(starts.get(track)?.sequenceNumber).toBeTypeOf('number');
      const { frames, seconds, problems } = await decodeRtp(track, each);
      expect(problems).toEqual([]);
      expect(track.kind === 'video' ? frames / 25 : seconds).toBeGreaterThanOrEqual(SECONDS);
    }
  });
});
