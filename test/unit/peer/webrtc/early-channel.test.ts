import { expect, it, vi } from 'vitest';
import { guardSctp } from '../../../../src/peer/webrtc/sctp-guard.ts';
import { join, joined, makeViewer, WAIT } from './loopback-viewer.ts';

/** Chunk types (RFC 9260 section 3.2). */
const DATA = 0;
const COOKIE_ACK = 11;
/** RFC 6525 section 3.1. */
const RE_CONFIG = 130;

interface Sctp {
  sendChunk: (chunk: { type: number }) => Promise<void>;
  /** Seconds. */
  rto: number;
  timerReconfigHandleStart: () => void;
  timerReconfigHandleExpired: () => Promise<void>;
}

it('a data channel that the viewer opens before its COOKIE ACK is here is closed for the viewer too', async () => {
  const viewer = makeViewer();
  // The network brings the COOKIE ACK behind the first data.
  const overtaken = (answer: string): string => {
    const sctp = viewer.connection.sctpTransport?.sctp as unknown as Sctp;
    const send = sctp.sendChunk.bind(sctp);
    let late: Parameters<Sctp['sendChunk']>[0] | undefined;
    sctp.sendChunk = async (chunk) => {
      if (chunk.type === COOKIE_ACK) {
        late = chunk;
        return;
      }
      await send(chunk);
      const held = late;
      late = undefined;
      if (held !== undefined && chunk.type === DATA) setTimeout(() => void send(held), 100);
    };
    return answer;
  };
  const channel = viewer.connection.createDataChannel('', { protocol: 'chat' });
  await join(viewer, { onDataChannel: (opened) => opened.close() }, overtaken);
  await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
});

it('a reset is sent again when it is lost, also after one whose response came at once', async () => {
  const { viewer } = await joined();
  guardSctp(viewer.connection);
  const sctp = viewer.connection.sctpTransport?.sctp as unknown as Sctp;
  // The response was here before the timer.
  const expired = vi.fn(sctp.timerReconfigHandleExpired);
  sctp.timerReconfigHandleExpired = expired;
  sctp.rto = 0.01;
  sctp.timerReconfigHandleStart();
  await vi.waitUntil(() => expired.mock.settledResults[0]?.type === 'fulfilled', WAIT);
  const channel = await viewer.openChannel('x');
  const resets: unknown[] = [];
  const send = sctp.sendChunk.bind(sctp);
  sctp.sendChunk = (chunk) => (chunk.type === RE_CONFIG && resets.push(chunk) === 1 ? Promise.resolve() : send(chunk));
  sctp.rto = 0.1;
  channel.close();
  await vi.waitFor(() => expect(channel.readyState).toBe('closed'), WAIT);
  expect(resets.length).toBeGreaterThan(1);
});
