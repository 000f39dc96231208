import type { Thinning } from '../base/adaptation.ts';
import type { CameraInfo, ProfileInfo } from '../base/api.ts';
import type { Reason } from '../base/errors.ts';
import { formatBitrate, formatFrameRate, formatSize, secondsUntil, UNKNOWN } from './format.ts';
import type { Playback } from './playback.ts';

/** What a card shows, decided from the camera's state and its playback. Pure. */
export interface CardView {
  /** One or two words beside the name; announced to screen readers. */
  status: string;
  tone: 'good' | 'busy' | 'bad' | 'quiet';
  /** Over the picture; null where the picture or the play button speaks for itself. */
  notice: Notice | null;
  canPlay: boolean;
  /** The session's controls make sense. */
  active: boolean;
}

export interface Notice {
  title: string;
  /** Why, and what to do. */
  detail: string | null;
  /** The picture stays visible behind it. */
  overPicture: boolean;
  busy: boolean;
  /** A button that ends the wait. */
  action: string | null;
}

/** What the gateway leaves out since the network to this device carries no more. */
export interface Held {
  thinning: Extract<Thinning, 'keyframes' | 'pictures'>;
  /** Sound is sent all the same. */
  hasSound: boolean;
}

const NOTICE: Notice = { title: '', detail: null, overPicture: false, busy: false, action: null };

/**
 * @param camera null where the page knows a peer id and nothing else (`?peer=`)
 * @param profile the chosen one; null likewise
 * @param held null where nothing is left out, or that is not known
 */
export function cardView(
  camera: CameraInfo | null,
  profile: ProfileInfo | null,
  playback: Playback,
  now: number,
  held: Held | null = null,
): CardView {
  const failure = failureOf(camera, profile);
  switch (playback.state) {
    case 'idle':
      return idleView(camera);
    case 'connecting': {
      if (held?.thinning === 'pictures') return withoutPictures(held);
      const notice = { ...NOTICE, title: 'Connecting…', detail: failure === null ? null : sentences(failure), busy: true };
      return { status: 'Connecting', tone: 'busy', notice, canPlay: false, active: true };
    }
    case 'playing':
      return held === null
        ? playingView(failure, playback.stalledSince, now)
        : heldView(held, failure, playback.stalledSince, now);
    case 'waiting':
      return waitingView(failure ?? playback.reason, playback.retryAt, now);
    case 'failed': {
      const notice = { ...NOTICE, title: 'Cannot play', detail: sentences(playback.reason), action: 'Try again' };
      return { status: 'Failed', tone: 'bad', notice, canPlay: false, active: true };
    }
  }
}

function idleView(camera: CameraInfo | null): CardView {
  const idle = { canPlay: false, active: false };
  if (camera === null) return { ...idle, status: 'Ready', tone: 'quiet', notice: null, canPlay: true };
  if (camera.state === 'failed') {
    const detail = camera.reason === null ? null : sentences(camera.reason);
    // Only playing shows whether an `rtsp:` camera is back.
    const action = camera.kind === 'rtsp' && camera.peer !== null ? 'Try again' : null;
    return { ...idle, status: 'Failed', tone: 'bad', notice: { ...NOTICE, title: 'Camera not available', detail, action } };
  }
  if (camera.state === 'connecting') {
    return { ...idle, status: 'Connecting', tone: 'busy', notice: { ...NOTICE, title: 'Connecting to the camera…', busy: true } };
  }
  if (camera.peer === null) {
    const reason = camera.signaling.reason;
    const failed = camera.signaling.state === 'failed';
    const notice = {
      ...NOTICE,
      title: failed ? 'No signaling server' : 'Registering at the signaling server…',
      detail: reason === null ? null : sentences(reason),
      busy: !failed,
    };
    return { ...idle, status: failed ? 'Not registered' : 'Registering', tone: failed ? 'bad' : 'busy', notice };
  }
  return { ...idle, status: 'Online', tone: 'good', notice: null, canPlay: true };
}

function playingView(failure: Reason | null, stalledSince: number | null, now: number): CardView {
  if (stalledSince === null) return { status: 'Live', tone: 'good', notice: null, canPlay: false, active: true };
  const seconds = Math.round((now - stalledSince) / 1000);
  const why = failure === null ? 'No pictures come from the camera.' : sentences(failure);
  const notice = {
    ...NOTICE,
    title: `No new picture for ${seconds} s`,
    detail: `${why} It plays on by itself as soon as they come.`,
    overPicture: true,
  };
  return { status: 'Interrupted', tone: 'bad', notice, canPlay: false, active: true };
}

/** Keyframes of some cameras are ten seconds apart and more. */
const KEYFRAMES_OVERDUE_MS = 20_000;

function heldView(held: Held, failure: Reason | null, stalledSince: number | null, now: number): CardView {
  if (
    stalledSince !== null &&
    (failure !== null || (held.thinning === 'keyframes' && now - stalledSince > KEYFRAMES_OVERDUE_MS))
  ) {
    return playingView(failure, stalledSince, now);
  }
  if (held.thinning === 'keyframes') return { ...HELD, status: 'Still pictures' };
  // One that comes now tells that this is over.
  return stalledSince === null ? playingView(failure, null, now) : withoutPictures(held);
}

const HELD: Omit<CardView, 'status'> = { tone: 'busy', notice: null, canPlay: false, active: true };

function withoutPictures({ hasSound }: Held): CardView {
  const notice = {
    ...NOTICE,
    title: hasSound ? 'Only sound is sent' : 'No pictures are sent',
    detail:
      'The network to this device carries too little for pictures now. They come back by themselves as soon as it carries more.',
    overPicture: true,
  };
  return { ...HELD, status: hasSound ? 'Sound only' : 'No pictures', notice };
}

function waitingView(reason: Reason, retryAt: number, now: number): CardView {
  const notice = {
    ...NOTICE,
    title: `Trying again in ${secondsUntil(retryAt, now)} s`,
    detail: sentences(reason),
    action: 'Try now',
  };
  return { status: 'Disconnected', tone: 'bad', notice, canPlay: false, active: true };
}

/** What the gateway says is wrong with the stream of the profile, or with the camera. */
function failureOf(camera: CameraInfo | null, profile: ProfileInfo | null): Reason | null {
  if (profile?.stream.state === 'failed') return profile.stream.reason;
  // An `rtsp:` camera failed by the stream that was last pulled, which need not be this one.
  const ofOther = camera?.kind === 'rtsp' && profile?.stream.state !== 'idle';
  return camera?.state === 'failed' && !ofOther ? camera.reason : null;
}

/** Message and advice, each ended by a full stop. */
export function sentences(reason: Reason): string {
  const parts = reason.advice === undefined ? [reason.message] : [reason.message, reason.advice];
  return parts.map((part) => (/[.!?…]$/.test(part) ? part : `${part}.`)).join(' ');
}

/** `720p · Main`; the size is left out where the camera does not say it. */
export function profileLabel({ video, name }: ProfileInfo): string {
  return video === null || video.height === null ? name : `${video.height}p · ${name}`;
}

/** `1280 × 720, 25 fps, 2.0 Mbit/s`, as the camera's configuration says; what it does not say is left out, without a size it is the codec. */
export function profileFacts(profile: ProfileInfo): string {
  const { video } = profile;
  if (video === null) return UNKNOWN;
  const facts = [video.width === null ? video.codec : formatSize(video.width, video.height)];
  if (video.framesPerSecond !== null) facts.push(formatFrameRate(video.framesPerSecond));
  if (video.bitrateKbps !== null) facts.push(formatBitrate(video.bitrateKbps));
  return facts.join(', ');
}

/** The camera answers and can be connected to. */
export function isReachable(camera: CameraInfo | null): camera is CameraInfo & { peer: string } {
  return camera?.state === 'online' && camera.peer !== null;
}

/** `192.168.1.20 · Acme Dome 1`; what the camera does not say is left out. */
export function cameraFacts(camera: CameraInfo): string {
  const make = [camera.manufacturer, camera.model].filter((part) => part !== null).join(' ');
  const configured = camera.configuredAddress === null ? '' : ` (configured: ${camera.configuredAddress})`;
  const parts = [`${camera.address}${configured}`, make, camera.adopted ? 'adopted' : ''];
  return parts.filter((part) => part !== '').join(' · ');
}
