import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { timestampDistance } from '../../src/media/rtp/packet.ts';
import { RtpSender } from '../../src/peer/egress/rtp-sender.ts';
import { CLIP_MS, SOUND_SAMPLE_RATE } from '../../src/simulator/profiles.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';

const SOUND = readFileSync(new URL('../../src/simulator/clips/sound.pcmu', import.meta.url));
const PICTURE_MS = 40;
const TICKS_PER_MS = { sound: SOUND_SAMPLE_RATE / 1000, picture: 90 };
/** Pictures that were kept before the viewer came have no times of their own. */
const KEPT_MS = 3000;

/** How far sender reports are off, milliseconds, at worst. */
export interface ReportErrors {
  sound: number;
  /** Of a picture only the part of its interval is known: pictures are taken each 40 ms. */
  picture: number;
  /** How many there were, of both. */
  reports: number;
}

/**
 * Takes note, from now on, of all that the gateway in this thread sends of one camera's PCMU and H.264 to one viewer; what is returned holds each sender
 * report against what was sent: the camera's clip tells when a sound or a picture was taken.
 *
 * @param errorMs what is to be wrong in a report of the sound, by its number
 */
export function reportedTimes(camera: SimulatedCamera, errorMs: (report: number) => number = () => 0): () => ReportErrors {
  const honest: RtpSender['sendReport'] = Reflect.get(RtpSender.prototype, 'sendReport');
  let made = 0;
  const reported = vi.spyOn(RtpSender.prototype, 'sendReport').mockImplementation(function (this: RtpSender, unixMs, ...rest) {
    honest.call(this, unixMs + (isSound(this) ? errorMs((made += 1)) : 0), ...rest);
  });
  const sound = vi.spyOn(RtpSender.prototype, 'send');
  const picture = vi.spyOn(RtpSender.prototype, 'sendPacket');
  return () => {
    const sounds = sound.mock.calls.flatMap(([payload, , , timestamp]) => {
      const at = SOUND.indexOf(payload);
      // Most of the clip is the same again and again.
      return at < 0 || SOUND.indexOf(payload, at + 1) >= 0 ? [] : [{ clipMs: at / TICKS_PER_MS.sound, timestamp }];
    });
    const [first] = picture.mock.calls;
    const pictures = picture.mock.calls.filter(([, packet, nowMs]) => packet === 0 && nowMs - (first?.[2] ?? 0) > KEPT_MS);
    const reports = reported.mock.calls.map(([unixMs, timestamp], index) => ({
      sender: reported.mock.contexts[index],
      unixMs,
      timestamp,
    }));
    if ([sounds, pictures, reports].some(({ length }) => length === 0)) throw new Error('nothing was sent that tells its time');
    const worst: ReportErrors = { sound: 0, picture: 0, reports: reports.length };
    let soundReports = 0;
    for (const { sender, unixMs, timestamp } of reports) {
      const clipMs = (other: number, ticksPerMs: number, error = 0): number =>
        camera.timeline.positionAt(unixMs + error + timestampDistance(timestamp, other) / ticksPerMs);
      if (sender instanceof RtpSender && isSound(sender)) {
        const error = errorMs((soundReports += 1));
        const off = sounds.map((each) => distance(clipMs(each.timestamp, TICKS_PER_MS.sound, error) - each.clipMs, CLIP_MS));
        worst.sound = Math.max(worst.sound, ...off);
      } else {
        worst.picture = Math.max(
          worst.picture,
          ...pictures.map(([{ timestamp: taken }]) => distance(clipMs(taken, TICKS_PER_MS.picture), PICTURE_MS)),
        );
      }
    }
    return worst;
  };
}

/** Only pictures carry the time at which they were taken. */
function isSound({ parameters }: RtpSender): boolean {
  return parameters.captureTime === undefined;
}

/** From the nearest multiple. */
function distance(ms: number, period: number): number {
  return Math.abs(ms - period * Math.round(ms / period));
}
