import { expect, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import type { Reason } from '../../../src/base/errors.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { MediaControl, type MediaSession } from '../../../src/plane/media-control.ts';
import type { CameraSource, MediaSettings, StreamMedia } from '../../../src/plane/messages.ts';
import { LOOPBACK, makeViewer, WAIT, type LoopbackViewer } from '../peer/webrtc/loopback-viewer.ts';
import type { RunningServer } from '../simulator/rtsp/server-fixture.ts';

interface Plane {
  control: MediaControl;
  /** `PROFILE STATE`, each once in a row. */
  streams: string[];
  reasons: Reason[];
  media: StreamMedia[];
  keyframesWanted: string[];
  /** `CAMERA SESSION LISTENS` */
  listeners: string[];
}

/** Both sides of a media plane, which end with the test. */
export function startPlane(settings: Partial<MediaSettings> = {}): Plane {
  const [streams, reasons, media, keyframesWanted]: [string[], Reason[], StreamMedia[], string[]] = [[], [], [], []];
  const listeners: string[] = [];
  const control = new MediaControl({
    workers: 0,
    settings: { ...DEFAULT_MEDIA_SETTINGS, ice: LOOPBACK, ...settings },
    clock: { now: () => Date.now() },
    logger: silentLogger,
    onStreamState: (_, profile, state, reason, described) => {
      if (streams.at(-1) !== `${profile} ${state}`) streams.push(`${profile} ${state}`);
      if (reason !== undefined) reasons.push(reason);
      if (described !== undefined) media.push(described);
    },
    onKeyframeWanted: (cameraId, profile) => keyframesWanted.push(`${cameraId} ${profile}`),
    onMetadataListener: (cameraId, sessionId, listens) => listeners.push(`${cameraId} ${sessionId} ${listens}`),
  });
  onTestFinished(() => control.close());
  return { control, streams, reasons, media, keyframesWanted, listeners };
}

/** As the media plane is told of it, with both its profiles. */
export function cameraAt({ url }: RunningServer, id = 'yard'): CameraSource {
  return {
    id,
    clockOffsetMs: 0,
    profiles: [
      { token: 'main', uri: `${url}/main` },
      { token: 'sub', uri: `${url}/sub` },
    ],
  };
}

/** A session that was opened, and what its opener heard. */
export interface Opened {
  session: MediaSession;
  offers: { offer: string; subprotocols: string[] }[];
  candidates: IceCandidate[];
  refused: Reason[];
  notices: Reason[];
  /** State, and the code of the reason where there is one. */
  states: string[];
}

export function open(control: MediaControl, id: string, profile?: string, cameraId = 'yard'): Opened {
  const heard: Omit<Opened, 'session'> = { offers: [], candidates: [], refused: [], notices: [], states: [] };
  const session = control.openSession(
    { id, cameraId, iceServers: [], ...(profile === undefined ? {} : { profile }) },
    {
      offer: (offer, subprotocols) => heard.offers.push({ offer, subprotocols }),
      candidate: (candidate) => heard.candidates.push(candidate),
      candidateRefused: (reason) => heard.refused.push(reason),
      notice: (reason) => heard.notices.push(reason),
      state: (state, reason) => heard.states.push(reason === undefined ? state : `${state} ${reason.code}`),
    },
  );
  return { session, ...heard };
}

/** Lets a viewer take the offer, with those subprotocols of it; returns it with what it receives once the session is live. */
export async function view(
  { session, offers, states }: Opened,
  subprotocols: string[] = [],
): Promise<{ viewer: LoopbackViewer; packets: RtpPacket[] }> {
  const viewer = makeViewer();
  const [first] = await vi.waitUntil(() => offers.length > 0 && offers, WAIT);
  const answer = await viewer.answer(first?.offer ?? '');
  const packets: RtpPacket[] = [];
  viewer.transport.onRtp.subscribe((packet) => packets.push(packet));
  session.answer(answer, subprotocols);
  await viewer.gather((candidate) => session.addCandidate(candidate));
  await vi.waitFor(() => expect(states.at(-1)).toBe('live'), WAIT);
  return { viewer, packets };
}
