import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { timestampDistance } from '../../../../src/media/rtp/packet.ts';
import type { StreamReader } from '../../../../src/media/stream.ts';
import type { ShownStream } from '../../../../src/peer/egress/stream-switch.ts';
import { missingOf, picturesOf, PICTURE_MS, soundOf, VIDEO_SSRC, type ReceivedPicture } from './profile-camera.ts';
import { SwitchingViewer } from './switching-viewer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** In milliseconds by the viewer's timestamps, from each to the next. */
function steps(times: readonly { timestamp: number }[], ticks: number): number[] {
  return times.slice(1).map(({ timestamp }, at) => timestampDistance(times[at]?.timestamp ?? 0, timestamp) / ticks);
}

const shown = (pictures: readonly ReceivedPicture[]): number[] => [...new Set(pictures.map(({ profile }) => profile))];

describe('a viewer that goes over to another profile at a keyframe', () => {
  it('is shown what it was until the other has a fresh one, and from that on the other: no picture is missing, none comes twice', () => {
    const viewer = new SwitchingViewer({ group: 25 }, { group: 50 });
    const [present, next] = [viewer.profile(0), viewer.profile(1)];
    viewer.streams.show(present.stream);
    viewer.pass(2400);
    let joined = 0;
    viewer.streams.join(next.stream, () => (joined += 1));
    viewer.pass(1560);
    expect([joined, present.stream.readers]).toEqual([0, 1]);
    expect(shown(picturesOf(viewer.transport.packets))).toEqual([1]);
    viewer.pass(80);
    expect(joined).toBe(1);
    viewer.pass(2000);
    expect([joined, present.stream.readers, next.stream.readers]).toEqual([1, 0, 1]);
    const pictures = picturesOf(viewer.transport.packets);
    expect(missingOf(pictures)).toEqual([]);
    // Of the group that had been kept when it was asked for nothing.
    expect(pictures.find(({ profile }) => profile === 2)).toMatchObject({ keyframe: true, number: 4000 / PICTURE_MS });
    expect(new Set(steps(pictures, 90))).toEqual(new Set([PICTURE_MS]));
    const numbers = viewer.transport.packets
      .filter(({ ssrc }) => ssrc === VIDEO_SSRC)
      .map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers.slice(1).filter((number, at) => number !== ((numbers[at] ?? 0) + 1) % 2 ** 16)).toEqual([]);
  });

  it('stays where it is when that is called off', () => {
    const viewer = new SwitchingViewer({}, {});
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(2400);
    viewer.streams.join(viewer.profile(1).stream, () => expect.unreachable());
    viewer.pass(400);
    viewer.streams.cancel();
    expect(viewer.profile(1).stream.readers).toBe(0);
    viewer.pass(4000);
    expect(shown(picturesOf(viewer.transport.packets))).toEqual([1]);
  });

  it('goes where it was told last', () => {
    const viewer = new SwitchingViewer({}, {}, {});
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(2400);
    viewer.streams.join(viewer.profile(1).stream, () => expect.unreachable());
    let joined = 0;
    viewer.streams.join(viewer.profile(2).stream, () => (joined += 1));
    viewer.pass(4000);
    expect([joined, viewer.profile(1).stream.readers]).toEqual([1, 0]);
    expect(shown(picturesOf(viewer.transport.packets))).toEqual([1, 3]);
  });

  it('is sent nothing that waits for a path that has collapsed before the keyframe that it goes over with, also not the rest of a picture', () => {
    const viewer = new SwitchingViewer({ packets: 40 }, { group: 20 });
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(1200);
    viewer.transport.backlog = 200_000;
    viewer.pass(500);
    const before = picturesOf(viewer.transport.packets).length;
    viewer.streams.join(viewer.profile(1).stream, () => undefined);
    viewer.pass(700);
    viewer.transport.backlog = 0;
    viewer.pass(100);
    const after = picturesOf(viewer.transport.packets).slice(before);
    expect(after[0]).toMatchObject({ profile: 2, keyframe: true });
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
  });

  it('without a picture goes over at once', () => {
    const viewer = new SwitchingViewer({}, {});
    vi.spyOn(viewer.egress.codecs.video, 'size', 'get').mockReturnValue(0);
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(400);
    let joined = 0;
    viewer.streams.join(viewer.profile(1).stream, () => (joined += 1));
    expect(joined).toBe(1);
  });
});

describe('the sound of a viewer that goes over to another profile', () => {
  it.each([
    ['comes at the same time', 0, 0],
    ['comes later, by no whole number of packets', 0, 130],
    ['comes much later', 0, 700],
    ['came later by the one that it leaves', 130, 0],
    ['came much later by the one that it leaves', 700, 0],
  ])('goes on without a gap and without repetition where it %s', (_, firstDelayMs, secondDelayMs) => {
    const viewer = new SwitchingViewer({ delayMs: firstDelayMs }, { delayMs: secondDelayMs });
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(5000);
    viewer.streams.join(viewer.profile(1).stream, () => undefined);
    viewer.pass(5000);
    expect(shown(picturesOf(viewer.transport.packets))).toEqual([1, 2]);
    const sound = soundOf(viewer.transport.packets);
    expect(sound.length).toBeGreaterThan(420);
    expect(sound.slice(1).filter(({ cameraMs }, at) => cameraMs - (sound[at]?.cameraMs ?? 0) !== 20)).toEqual([]);
    // What the reports of each profile say of the clock differs by what they were rounded by.
    expect(steps(sound, 8).filter((step) => Math.abs(step - 20) > 1)).toEqual([]);
    expect([viewer.profile(0).stream.readers, viewer.profile(1).stream.readers]).toEqual([0, 1]);
  });

  it('is silent for a second at most where the clocks of the two say that the other is far behind', () => {
    const viewer = new SwitchingViewer({ group: 25 }, { group: 25 });
    vi.spyOn(viewer.egress, 'soundTimeMs').mockImplementation((_packet, times) =>
      times === viewer.profile(1).stream ? 0 : 60_000,
    );
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(2500);
    viewer.streams.join(viewer.profile(1).stream, () => undefined);
    viewer.pass(3000);
    const before = soundOf(viewer.transport.packets).length;
    viewer.pass(1000);
    expect(soundOf(viewer.transport.packets).length - before).toBe(50);
  });

  it('ends a second after that of the one that it leaves where the other has none', () => {
    const viewer = new SwitchingViewer({ group: 25 }, { group: 25 });
    vi.spyOn(viewer.profile(1), 'sound').mockReturnValue(undefined);
    viewer.streams.show(viewer.profile(0).stream);
    viewer.pass(2500);
    viewer.streams.join(viewer.profile(1).stream, () => undefined);
    viewer.pass(3000);
    expect(soundOf(viewer.transport.packets).at(-1)?.cameraMs).toBeGreaterThan(3900);
    expect(soundOf(viewer.transport.packets).at(-1)?.cameraMs).toBeLessThan(4100);
    expect(viewer.profile(0).stream.readers).toBe(0);
    expect(viewer.egress.audioCodec).toBeUndefined();
  });
});

/** A stream without a picture of its own, which hands its readers what a test has. */
class OtherStream implements ShownStream {
  readonly videoTime = undefined;
  readonly cameraClockOffsetMs = 0;
  readonly #readers = new Set<StreamReader>();

  addReader(reader: StreamReader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  send(document: string): void {
    for (const reader of this.#readers) if (reader.wantsMetadata) reader.metadata(Buffer.from(document));
  }

  keyframe(): void {
    const frame = {
      codec: 'H264' as const,
      payloads: [Buffer.alloc(9)],
      timestamp: 7,
      keyframe: true,
      discardable: false,
      bytes: 9,
    };
    for (const reader of this.#readers) reader.video(frame);
  }
}

describe('metadata of a viewer that goes over to another profile', () => {
  it('are all sent, and those that come by both once, whichever brings them first', () => {
    const viewer = new SwitchingViewer({});
    const [former, next] = [new OtherStream(), new OtherStream()];
    viewer.streams.show(former);
    former.send('before');
    viewer.streams.join(next, () => undefined);
    former.send('by the former first');
    next.send('by the next first');
    next.send('by the former first');
    former.send('by the next first');
    next.send('by the next alone');
    next.send('by the next alone');
    next.send('by the former first');
    former.send('by the former alone');
    former.send('by the former, shortly before the keyframe');
    next.keyframe();
    former.send('of the former, which nobody reads any more');
    next.send('by the former, shortly before the keyframe');
    next.send('behind');
    next.send('behind');
    expect(viewer.documents.map(String)).toEqual([
      ...['before', 'by the former first', 'by the next first', 'by the next alone', 'by the next alone'],
      ...['by the former first', 'by the former alone'],
      ...['by the former, shortly before the keyframe', 'behind', 'behind'],
    ]);
  });

  it('are read of neither while the viewer takes none', () => {
    const viewer = new SwitchingViewer({});
    viewer.metadata.open = false;
    const [former, next] = [new OtherStream(), new OtherStream()];
    viewer.streams.show(former);
    viewer.streams.join(next, () => undefined);
    former.send('by the former');
    next.send('by the next');
    expect(viewer.documents).toEqual([]);
  });

  it('that come by one of the two alone are forgotten, so that the same again is news', () => {
    const viewer = new SwitchingViewer({});
    const [former, next] = [new OtherStream(), new OtherStream()];
    viewer.streams.show(former);
    viewer.streams.join(next, () => undefined);
    former.send('on');
    for (let at = 0; at < 64; at += 1) former.send(`of the former ${at}`);
    next.send('on');
    expect(viewer.documents.length).toBe(66);
    for (let at = 0; at < 64; at += 1) former.send(`of the former again ${at}`);
    next.keyframe();
    for (let at = 0; at < 64; at += 1) next.send(`of the next ${at}`);
    next.send('of the former again 63');
    expect(viewer.documents.length).toBe(66 + 64 + 64 + 1);
  });
});
