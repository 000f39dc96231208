import { expect, it } from 'vitest';
import type { Conversions, OpusFrame, SoundConversion } from '../../../../src/media/conversion.ts';
import { timestampDistance } from '../../../../src/media/rtp/packet.ts';
import { parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import type { SoundFormat } from '../../../../src/media/sound-format.ts';
import { Stream } from '../../../../src/media/stream.ts';
import type { TrackDescription } from '../../../../src/media/track.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { rtpBytes } from '../../media/rtp-bytes.ts';
import { RecordingTransport } from './recording-transport.ts';

/* The timeline of the sound that a viewer is sent, where what it is made of begins anew. */

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = 3;
const OPUS_RATE = 48_000;

/** Converts at once, each time from another timestamp on. */
class Converting implements Conversions {
  running = 0;
  #begun = 0;

  sound({ clockRate }: SoundFormat, onFrame: (frame: OpusFrame) => void): SoundConversion {
    this.running += 1;
    this.#begun += 1;
    const start = this.#begun * 0x1357_9bdf;
    let first: number | undefined;
    const made = (timestamp: number): number =>
      (start + (timestampDistance(first ?? timestamp, timestamp) * OPUS_RATE) / clockRate) >>> 0;
    return {
      push: ({ payload, timestamp }) => {
        first ??= timestamp;
        onFrame({ payload, timestamp: made(timestamp), marker: false });
      },
      translate: ({ unixMs, timestamp }) => ({ unixMs, timestamp: made(timestamp) }),
      close: () => {
        this.running -= 1;
      },
    };
  }

  video(): undefined {
    return undefined;
  }
}

/** One viewer of the sound of streams. */
class Viewer {
  nowMs = NOW;
  readonly transport = new RecordingTransport();
  readonly conversions = new Converting();
  readonly egress: ViewerEgress;
  stream = this.#stream();
  #leave: () => void;

  constructor() {
    const payloadTypes = new Map([
      ['OPUS', 111],
      ['PCMU', 0],
    ] as const);
    this.egress = new ViewerEgress({
      media: { audio: { ssrc: 2, cname: 'c', payloadTypes } },
      transport: this.transport,
      times: this.stream,
      now: () => this.nowMs,
      onKeyframeWanted: () => undefined,
      onSlow: () => undefined,
      onBroken: () => undefined,
      metadata: { open: false, send: () => undefined },
    });
    this.#leave = this.stream.addReader(this.egress);
  }

  /** Another profile, as a session shows it. */
  watchAnother(): void {
    this.#leave();
    this.stream = this.#stream();
    this.egress.follow(this.stream);
    this.#leave = this.stream.addReader(this.egress);
  }

  /** One packet of the camera, now. */
  hear(timestamp: number): void {
    this.stream.receiveRtp(0, rtpBytes({ payload: Buffer.alloc(320, 1), payloadType: 96, timestamp, ssrc: 5 }), this.nowMs);
  }

  #stream(): Stream {
    const options = { maxPayload: 1150, keyframeCacheBytes: 1e6, clockOffsetMs: 250, onKeyframeWanted: () => undefined };
    return new Stream({ ...options, conversions: this.conversions });
  }
}

function track(encodingName: string, clockRate: number): TrackDescription {
  return { kind: 'audio', encodingName, payloadType: 96, clockRate, fmtp: new Map() };
}

it.each<[what: string, before: TrackDescription, after: TrackDescription, rate: number]>([
  ['the same camera comes back', track('L16', 16_000), track('L16', 16_000), OPUS_RATE],
  ['it comes back with another clock rate', track('L16', 16_000), track('L16', 44_100), OPUS_RATE],
  ['it comes back with what is to be converted', track('PCMU', 8000), track('L16', 8000), 8000],
  ['it comes back with what is not, at another clock rate', track('L16', 16_000), track('PCMU', 8000), 8000],
])('the sound of a viewer goes on by the time that passed when %s', (_, before, after, rate) => {
  const viewer = new Viewer();
  viewer.stream.setTracks([before]);
  viewer.hear(1000);
  viewer.nowMs += SECONDS * 1000;
  viewer.stream.setTracks([after]);
  viewer.hear(4_000_000_000);
  expectElapsed(viewer, rate);
});

it('the sound of a viewer goes on by the time that passed when it is shown another profile whose sound is converted', () => {
  const viewer = new Viewer();
  viewer.stream.setTracks([track('L16', 16_000)]);
  viewer.hear(1000);
  viewer.nowMs += SECONDS * 1000;
  viewer.watchAnother();
  expect(viewer.conversions.running).toBe(0);
  viewer.stream.setTracks([track('L16', 16_000)]);
  // Nothing of it was sent: there is no time to report.
  viewer.transport.rtcp = [];
  viewer.egress.sendReports();
  expect(viewer.transport.rtcp.flatMap((compound) => parseRtcp(compound).messages).map(({ type }) => type)).toEqual([
    'receiver-report',
  ]);
  viewer.hear(4_000_000_000);
  expectElapsed(viewer, OPUS_RATE);
});

/** Two packets were sent so far apart, and a report names the time of the second. */
function expectElapsed({ transport, egress }: Viewer, rate: number): void {
  const [first, second] = transport.packets.map(({ timestamp }) => timestamp);
  expect(timestampDistance(first ?? 0, second ?? 0)).toBe(SECONDS * rate);
  transport.rtcp = [];
  egress.sendReports();
  const messages = transport.rtcp.flatMap((compound) => parseRtcp(compound).messages);
  expect(messages).toMatchObject([{ type: 'sender-report', rtpTimestamp: second }]);
}
