import { connect } from 'node:net';
import { once } from 'node:events';

const TIMEOUT_MS = 1500;
/** The first line of an answer is all that is read. */
const GREETING = Buffer.from('RTSP/1.0 ');

/** Whether somebody speaks RTSP at a TCP port; never rejects, and takes a second and a half at most. */
export async function speaksRtsp(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host, port });
  const giveUp = (): void => void socket.destroy();
  const timer = setTimeout(giveUp, TIMEOUT_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal.aborted) return false;
    await once(socket, 'connect', { signal });
    socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    let answer = Buffer.alloc(0);
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer]);
      if (answer.length >= GREETING.length) return answer.subarray(0, GREETING.length).equals(GREETING);
    }
    return false;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}
