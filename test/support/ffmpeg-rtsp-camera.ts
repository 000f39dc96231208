import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startGstRtspServer } from './gst-rtsp-server.ts';

export interface FfmpegRtspCameraOptions {
  /** Default `640x360`. */
  size?: string;
  /** Frames a second, default 15. */
  rate?: number;
  /** Options of libx264; default low delay, a keyframe a second. */
  encoder?: readonly string[];
  /** A byte stream of H.264 that is sent at the rate, once, in place of what is encoded. */
  file?: string;
}

const LOW_DELAY = ['-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15'];

export interface FfmpegRtspCamera {
  url: string;
  close(): Promise<void>;
}

/**
 * A camera whose pictures (H.264, x264 as ffmpeg drives it) and sound (PCMU) ffmpeg makes. ffmpeg has no RTSP
 * server of its own; it sends RTP over loopback to a gst-rtsp-server, which passes the encoded media on under `/live`.
 */
export async function startFfmpegRtspCamera(options: FfmpegRtspCameraOptions = {}): Promise<FfmpegRtspCamera> {
  const { size = '640x360', rate = 15, encoder = LOW_DELAY, file } = options;
  const server = await startGstRtspServer({ fromUdp: true });
  const to = (port: number): string => `rtp://127.0.0.1:${port}?rtcpport=${server.udp.reports}&pkt_size=1200`;
  const ffmpeg = spawn(
    'ffmpeg',
    [
      // The duration bounds its life should the test be killed.
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-t', '1800'],
      ...(file === undefined
        ? ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`]
        : ['-f', 'h264', '-framerate', String(rate), '-i', file]),
      ...['-re', '-t', '1800', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000'],
      ...['-map', '0:v', ...(file === undefined ? ['-c:v', 'libx264', '-preset', 'ultrafast', ...encoder] : ['-c:v', 'copy'])],
      // RTP carries SPS and PPS in the SDP only; here they have to come with each key frame, as in a file they do.
      ...(file === undefined ? ['-bsf:v', 'dump_extra=freq=keyframe'] : []),
      ...['-payload_type', '96', '-f', 'rtp', to(server.udp.video)],
      ...['-map', '1:a', '-c:a', 'pcm_mulaw', '-ac', '1', '-payload_type', '0', '-f', 'rtp', to(server.udp.audio)],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const messages: string[] = [];
  ffmpeg.stderr.setEncoding('utf8').on('data', (text: string) => messages.push(text));
  const exited = once(ffmpeg, 'exit');
  try {
    await Promise.race([once(ffmpeg, 'spawn'), exited.then(() => Promise.reject(new Error(messages.join(''))))]);
  } catch (error) {
    await server.close();
    throw new Error('ffmpeg did not start; it needs: apt-get install -y ffmpeg', { cause: error });
  }
  return {
    url: server.url,
    close: async () => {
      const diedBefore = ffmpeg.exitCode !== null;
      ffmpeg.kill('SIGKILL');
      await Promise.all([exited, server.close()]);
      if (diedBefore) throw new Error(`ffmpeg ended by itself: ${messages.join('')}`);
    },
  };
}
