import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RtspTrack } from '../../src/camera/rtsp/sdp.ts';

export interface Decoded {
  /** Pictures, or metadata documents. */
  frames: number;
  /** Of sound. */
  seconds: number;
  /** What the decoder complained about. */
  problems: string[];
}

/** Gives the RTP packets of a track, as they came, to a decoder of GStreamer's; it learns of the track what our SDP parser read. */
export async function decodeRtp(track: RtspTrack, packets: readonly Buffer[]): Promise<Decoded> {
  const script = fileURLToPath(new URL('rtp-decoder.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, track.encodingName, capsOf(track)], { stdio: ['pipe', 'pipe', 'pipe'] });
  // One that gives up does not read to the end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.concat(packets.flatMap((packet) => [lengthOf(packet), packet])));
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  try {
    return JSON.parse(output) as Decoded;
  } catch {
    throw new Error(`the decoder of ${track.encodingName} failed: ${complaints}`);
  }
}

/** RFC 4571 section 2. */
function lengthOf(packet: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packet.length);
  return length;
}

/** In GStreamer's words; values of fmtp are strings there. */
function capsOf(track: RtspTrack): string {
  const fields = [
    `media=${track.kind}`,
    `payload=${track.payloadType}`,
    `clock-rate=${track.clockRate}`,
    `encoding-name=(string)${track.encodingName}`,
    ...(track.kind === 'audio' ? [`encoding-params=(string)${track.channels}`] : []),
    ...[...track.fmtp].map(([name, value]) => `${name}=(string)"${value}"`),
  ];
  return ['application/x-rtp-stream', ...fields].join(',');
}
