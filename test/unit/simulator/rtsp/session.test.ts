import { describe, expect, it, onTestFinished } from 'vitest';
import { Pacer } from '../../../../src/simulator/rtsp/pacer.ts';
import { Burst, RtpStream } from '../../../../src/simulator/rtsp/rtp-stream.ts';
import { RtspSession } from '../../../../src/simulator/rtsp/session.ts';
import { Talkback } from '../../../../src/simulator/rtsp/talkback.ts';
import { MediaTrack } from '../../../../src/simulator/rtsp/tracks.ts';
import { UdpPair } from '../../../../src/simulator/rtsp/udp-pair.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';

/** A track whose packets the test makes itself. */
class SilentTrack extends MediaTrack {
  readonly dueMs = 60_000;

  constructor() {
    super(new RtpStream(90_000, 96), timeline);
  }

  resume(): void {}

  next(): Burst {
    return new Burst([], true);
  }
}

const timeline = new Timeline({ now: () => 0 });

async function playingSession(): Promise<{
  session: RtspSession;
  track: MediaTrack;
  link: { backlog: number; written: Buffer[] };
}> {
  const track = new SilentTrack();
  const pacer = new Pacer({ timeline, tracks: [track], isLost: () => false, reportErrorMs: () => 0 });
  const udp = await UdpPair.open(
    '127.0.0.1',
    () => {},
    () => {},
  );
  onTestFinished(() => {
    pacer.close();
    udp.close();
  });
  const written: Buffer[] = [];
  const link = { backlog: 0, written, write: (bytes: Buffer) => void written.push(bytes) };
  const session = new RtspSession({ link, pacer, udp, talkback: new Talkback(), now: () => 0, onPictureLoss: () => {} });
  session.setUp(track, { kind: 'tcp', channels: [0, 1] });
  session.play();
  written.length = 0;
  return { session, track, link };
}

const idr = new Burst([Buffer.from('idr 1'), Buffer.from('idr 2')], true);
const picture = new Burst([Buffer.from('picture')], false);

describe('a client that does not take what it is sent', () => {
  it('gets nothing until it has caught up, then pictures from the next IDR on', async () => {
    const { session, track, link } = await playingSession();
    session.readRtp(track, picture);
    expect(link.written).toEqual([]);
    session.readRtp(track, idr);
    session.readRtp(track, picture);
    expect(link.written).toEqual([idr.interleaved(0), picture.interleaved(0)]);

    link.backlog = 600_000;
    session.readRtp(track, picture);
    session.readRtp(track, idr);
    link.backlog = 0;
    session.readRtp(track, picture);
    expect(link.written).toHaveLength(2);
    expect(session.dropped).toBe(5);
    session.readRtp(track, idr);
    session.readRtp(track, picture);
    expect(link.written).toHaveLength(4);
  });

  it('costs nobody else: the bytes of a frame are made once for a channel', () => {
    expect(idr.interleaved(0)).toBe(idr.interleaved(0));
    expect(idr.interleaved(2)).not.toEqual(idr.interleaved(0));
    expect(idr.interleaved(0).toString('latin1')).toBe('$\u0000\u0000\u0005idr 1$\u0000\u0000\u0005idr 2');
  });
});
