import { expect, it, vi } from 'vitest';
import type { RtpPacket } from '../../../src/media/rtp/packet.ts';
import { Stream } from '../../../src/media/stream.ts';
import { Session } from '../../../src/peer/session.ts';
import type { DevicePeerOptions } from '../../../src/peer/webrtc/device-peer.ts';
import { RecordingTransport } from './egress/recording-transport.ts';

const made = vi.hoisted((): { options: DevicePeerOptions | undefined } => ({ options: undefined }));

/** One whose goodbye does not arrive: it stays as it is. */
vi.mock('../../../src/peer/webrtc/device-peer.ts', () => ({
  DevicePeer: class {
    constructor(options: DevicePeerOptions) {
      made.options = options;
    }

    close(): Promise<void> {
      return Promise.withResolvers<void>().promise;
    }
  },
}));

it('a session that was closed obeys nothing that its viewer still says or asks for', () => {
  const [said, asked] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const stream = new Stream({ maxPayload: 1100, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined });
  const session = new Session({
    id: 's1',
    cameraId: 'yard',
    profile: 'main',
    watched: { stream, video: 'H264', audio: true, talk: true, metadata: undefined, requestKeyframe: asked },
    ice: { advertise: [], loopbackOnly: true, iceServers: [] },
    iceServers: [],
    clock: { now: () => Date.now() },
    events: { offer: () => undefined, candidate: () => undefined, answered: () => undefined, state: () => undefined },
    onTalk: said,
  });
  const spoken: RtpPacket = {
    marker: false,
    payloadType: 0,
    sequenceNumber: 1,
    timestamp: 0,
    ssrc: 9,
    payload: Buffer.alloc(160),
  };
  const speakAndAsk = (): void => {
    made.options?.onTalk?.(spoken, 'PCMU', undefined);
    made.options?.onRtcp({ type: 'pli', ssrc: 9, mediaSsrc: 1 });
  };
  made.options?.onConnected({ video: { ssrc: 1, cname: 'c', payloadTypes: new Map([['H264', 102]]) } }, new RecordingTransport());
  const whenLive = asked.mock.calls.length;
  speakAndAsk();
  expect([said.mock.calls.length, asked.mock.calls.length]).toEqual([1, whenLive + 1]);
  session.close({ code: 'test.over', message: '' });
  speakAndAsk();
  expect([said.mock.calls.length, asked.mock.calls.length]).toEqual([1, whenLive + 1]);
});
