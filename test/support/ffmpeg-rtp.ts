import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { parseSessionDescription, type RtspTrack } from '../../src/camera/rtsp/sdp.ts';

const run = promisify(execFile);

/** One track as ffmpeg packetizes it. */
export interface SentTrack {
  track: RtspTrack;
  /** RTP, in the order in which it was sent. */
  packets: Buffer[];
}

/**
 * Has ffmpeg encode a sine and send it by RTP to a socket of ours.
 *
 * @param encoder what comes before the output: codec, rate, channels, options of the packetizer
 */
export async function sendSine(frequency: number, seconds: number, encoder: readonly string[]): Promise<SentTrack> {
  const input = ['-f', 'lavfi', '-i', `sine=${frequency}:duration=${seconds}:r=48000`];
  return await sendRtp([...input, '-af', 'volume=4', ...encoder]);
}

/** Has ffmpeg send what it makes with these arguments by RTP to a socket of ours; others may make a file of the same. */
export async function sendRtp(output: readonly string[], others: readonly string[] = []): Promise<SentTrack> {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (bytes: Buffer) => {
    // RFC 5761 section 4: RTCP comes to the same port.
    const isRtcp = (bytes[1] ?? 0) >= 192 && (bytes[1] ?? 0) <= 223;
    if (bytes.length === 0) socket.emit('end');
    else if (!isRtcp) packets.push(Buffer.from(bytes));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 * 1024 * 1024);
  const { port } = socket.address();
  try {
    const { stdout } = await run('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', ...output, '-f', 'rtp', '-sdp_file', 'pipe:1'],
      `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1400`,
      ...others,
    ]);
    const [track] = parseSessionDescription(stdout.slice(stdout.indexOf('v=0'))).tracks;
    if (track === undefined) throw new Error(`ffmpeg described no track: ${stdout}`);
    // Behind all that ffmpeg sent, which is in the socket by now.
    socket.send(Buffer.alloc(0), port, '127.0.0.1');
    await once(socket, 'end');
    return { track, packets };
  } finally {
    socket.close();
  }
}
