import { vi } from 'vitest';
import { StreamSwitch } from '../../../../src/peer/egress/stream-switch.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { AUDIO_SSRC, PICTURE_MS, ProfileCamera, SOUND_MS, VIDEO_SSRC } from './profile-camera.ts';
import { RecordingTransport } from './recording-transport.ts';

const START = Date.UTC(2026, 0, 1);
/** The viewer reports so often, as with transport-wide feedback. */
const REPORT_MS = 100;
/** All that happens is as many milliseconds apart, or a multiple of that. */
const STEP_MS = 10;

export interface ProfileOptions {
  /** Pictures from one keyframe to the next. */
  group?: number;
  /** By how much what it sends comes later than it was taken. */
  delayMs?: number;
  /** Every other picture is referred to by none. */
  discardable?: boolean;
  packets?: number;
}

/** A viewer that is shown profiles of one camera, on a clock of its own; fake timers are the caller's. */
export class SwitchingViewer {
  readonly transport = new RecordingTransport();
  readonly profiles: (ProfileCamera & { readonly options: ProfileOptions })[];
  readonly egress: ViewerEgress;
  readonly streams: StreamSwitch;
  readonly documents: Buffer[] = [];
  readonly metadata = { open: true, send: (gzipped: Buffer) => void this.documents.push(gzipped) };
  keyframesWanted = 0;
  #nowMs = START;

  constructor(...profiles: ProfileOptions[]) {
    this.profiles = profiles.map((options, index) => Object.assign(new ProfileCamera(index + 1, START), { options }));
    const [first] = this.profiles;
    if (first === undefined) throw new Error('a camera has a profile');
    this.egress = new ViewerEgress({
      media: {
        video: { ssrc: VIDEO_SSRC, cname: 'c', payloadTypes: new Map([['H264', 102]]) },
        audio: { ssrc: AUDIO_SSRC, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
      },
      transport: this.transport,
      times: first.stream,
      now: () => this.#nowMs,
      onKeyframeWanted: () => (this.keyframesWanted += 1),
      onSlow: () => undefined,
      onBroken: () => undefined,
      metadata: this.metadata,
    });
    this.streams = new StreamSwitch(this.egress, (error) => {
      throw error;
    });
  }

  get nowMs(): number {
    return this.#nowMs - START;
  }

  profile(at: number): ProfileCamera & { readonly options: ProfileOptions } {
    const profile = this.profiles[at];
    if (profile === undefined) throw new Error(`there is no profile ${at}`);
    return profile;
  }

  /** Lets the camera send for a while; a profile whose keyframes are seldom sends one where `keyframe` names it. */
  pass(milliseconds: number, keyframe?: number): void {
    let due = keyframe;
    for (let elapsed = 0; elapsed < milliseconds; elapsed += STEP_MS) {
      this.#nowMs += STEP_MS;
      vi.advanceTimersByTime(STEP_MS);
      if (this.nowMs % REPORT_MS === 0) this.#report();
      // That which a test goes over to comes first: at one time that with the former is over.
      for (const [at, profile] of [...this.profiles.entries()].toReversed()) {
        const { group = 50, delayMs = 0, discardable = false, packets = 1 } = profile.options;
        const cameraMs = this.nowMs - delayMs;
        if (cameraMs < 0) continue;
        if (cameraMs % SOUND_MS === 0) profile.sound(cameraMs, this.#nowMs);
        if (cameraMs % 1000 === 0) profile.report(cameraMs, this.#nowMs);
        if (cameraMs % PICTURE_MS !== 0) continue;
        const number = cameraMs / PICTURE_MS;
        const isKeyframe = number % group === 0 || due === at;
        if (due === at) due = undefined;
        const other = discardable && number % 2 === 1 ? 'discardable' : 'reference';
        profile.picture(isKeyframe ? 'keyframe' : other, cameraMs, this.#nowMs, isKeyframe ? packets * 4 : packets);
      }
    }
  }

  /** The viewer says how much of the pictures came. */
  #report(): void {
    const extendedHighestSequence = this.transport.datagrams.filter((datagram) => datagram.readUInt32BE(8) === VIDEO_SSRC).length;
    const none = { fractionLost: 0, cumulativeLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const reports = [{ ssrc: VIDEO_SSRC, extendedHighestSequence, ...none }];
    this.egress.receiveRtcp({ type: 'receiver-report', ssrc: 1, reports });
  }
}
