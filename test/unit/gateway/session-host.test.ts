import { describe, expect, it, vi } from 'vitest';
import { GatewayError, type Reason } from '../../../src/base/errors.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { JsonRpcError } from '../../../src/base/json-rpc.ts';
import { SignalingError } from '../../../src/base/signaling.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { CameraSessionHost } from '../../../src/gateway/session-host.ts';
import { MediaControl, type MediaSessionEvents } from '../../../src/plane/media-control.ts';
import type { DeviceSession, SessionRequest } from '../../../src/signaling/device/session-seam.ts';

const REQUEST: SessionRequest = { session: 'abc', iceServers: [{ urls: ['stun:s.example'] }] };

interface Hosted {
  open: (request?: SessionRequest) => DeviceSession;
  /** Has the media plane refuse the sessions that come. */
  refuseWith: (error: GatewayError) => void;
  /** What the media plane was asked to open. */
  opened: Parameters<MediaControl['openSession']>[0][];
  /** What the media plane tells of the session that was opened last. */
  media: () => MediaSessionEvents;
  /** What the host told the media plane's session. */
  toMedia: string[];
  toPeer: string[];
  /** The viewer's answer to the invitation. */
  invitation: PromiseWithResolvers<{ answer: string; subprotocols: string[] }>;
}

/** A host before a media plane that does nothing of itself. */
function host(profiles: string[] = ['main', 'sub'], failure: Reason | null = null): Hosted {
  const [opened, toMedia, toPeer]: [Hosted['opened'], string[], string[]] = [[], [], []];
  let events: MediaSessionEvents | undefined;
  let refusal: GatewayError | undefined;
  const invitation = Promise.withResolvers<{ answer: string; subprotocols: string[] }>();
  const control = new MediaControl({
    workers: 0,
    settings: DEFAULT_MEDIA_SETTINGS,
    clock: { now: () => 0 },
    logger: silentLogger,
    onStreamState: () => undefined,
    onKeyframeWanted: () => undefined,
  });
  vi.spyOn(control, 'openSession').mockImplementation((session, told) => {
    if (refusal !== undefined) throw refusal;
    opened.push(session);
    events = told;
    return {
      answer: (answer, subprotocols) => toMedia.push(`answer ${answer} ${subprotocols.join()}`),
      addCandidate: ({ candidate }) => toMedia.push(`candidate ${candidate}`),
      refused: ({ code }) => toMedia.push(`refused ${code}`),
      close: ({ code }) => toMedia.push(`close ${code}`),
    };
  });
  const sessionHost = new CameraSessionHost({
    cameraId: 'yard',
    media: control,
    profiles: () => profiles,
    failure: () => failure,
    logger: silentLogger,
  });
  return {
    open: (request = REQUEST) =>
      sessionHost.open(request, {
        invite: (offer, subprotocols) => {
          toPeer.push(`invite ${offer} ${subprotocols.join()}`);
          return invitation.promise;
        },
        trickle: ({ candidate }: IceCandidate) => toPeer.push(`trickle ${candidate}`),
        error: (code, message) => toPeer.push(`error ${code} ${message}`),
        closed: () => toPeer.push('closed'),
      }),
    refuseWith: (error) => (refusal = error),
    opened,
    media: () => {
      if (events === undefined) throw new Error('no session was opened');
      return events;
    },
    toMedia,
    toPeer,
    invitation,
  };
}

describe('a session that is asked for', () => {
  it('is opened in the media plane, each under a name of its own', () => {
    const { open, opened } = host();
    open();
    open({ ...REQUEST, profile: 'sub' });
    expect(opened[0]).toEqual({
      id: expect.stringMatching(/^yard-/) as unknown,
      cameraId: 'yard',
      iceServers: REQUEST.iceServers,
    });
    expect(opened[1]?.profile).toBe('sub');
    expect(opened[1]?.id).not.toBe(opened[0]?.id);
  });

  it('is refused in text that writes into no terminal, whatever the profiles are called', () => {
    const { open } = host(['a\u001b[2J', 'b\nc']);
    expect(() => open({ ...REQUEST, profile: '\u009bx' })).toThrow('The camera has no profile "x"; it has a [2J, b c.');
  });

  it('is refused with 480 while the camera has told no profiles, and with why, as far as it is the business of a viewer', () => {
    const { open, opened } = host([]);
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 480, message: 'The gateway is still connecting to the camera.' }) as Error,
    );
    const away = host([], { code: 'camera.unreachable', message: 'No connection to the camera at 192.168.1.20: no answer.' });
    expect(() => away.open()).toThrow(
      expect.objectContaining({ code: 480, message: 'The gateway gets no connection to the camera.' }) as Error,
    );
    expect([opened, away.opened]).toEqual([[], []]);
  });

  it('is refused with 1001 when there is no place for it', () => {
    const { open, refuseWith } = host();
    refuseWith(new GatewayError('session.limit', 'The camera has as many viewers as it may.'));
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 1001, message: 'The camera has as many viewers as it may.' }) as Error,
    );
  });

  it('is refused with 404 for a profile that the camera has not, and those that it has are named', () => {
    const { open, opened } = host();
    expect(() => open({ ...REQUEST, profile: 'third' })).toThrow(
      expect.objectContaining({ code: 404, message: expect.stringMatching(/third.*main, sub/) as unknown }),
    );
    expect(opened).toEqual([]);
  });
});

describe('a session under way', () => {
  it('hands on offer, answer and candidates', async () => {
    const { open, media, toMedia, toPeer, invitation } = host();
    const session = open();
    media().offer('OFFER', ['one', 'two']);
    media().candidate({ candidate: 'ours' });
    session.addCandidate({ candidate: 'theirs' });
    invitation.resolve({ answer: 'ANSWER', subprotocols: ['one'] });
    await vi.waitFor(() => expect(toMedia).toEqual(['candidate theirs', 'answer ANSWER one']));
    expect(toPeer).toEqual(['invite OFFER one,two', 'trickle ours']);
  });

  it('that is live is invited again for another path; a viewer that does not take that goes on', async () => {
    const { open, media, toMedia, toPeer, invitation } = host();
    const session = open();
    media().state('live', undefined);
    media().offer('RESTART', []);
    invitation.reject(new Error('no second invitation'));
    await vi.waitFor(() => expect(toMedia).toEqual(['refused session.invite']));
    expect([toPeer, session.live]).toEqual([['invite RESTART '], true]);
  });

  it('is live while its connection stands', () => {
    const { open, media } = host();
    const session = open();
    const seen = [session.live];
    for (const state of ['connecting', 'live', 'closed'] as const) {
      media().state(state, undefined);
      seen.push(session.live);
    }
    expect(seen).toEqual([false, false, true, false]);
  });

  it('tells the viewer of a candidate that was refused, and goes on', () => {
    const { open, media, toPeer } = host();
    open();
    media().candidateRefused({ code: 'session.candidate', message: 'No candidate.' });
    expect(toPeer).toEqual(['error 1003 No candidate.']);
  });
});

describe('the end of a session', () => {
  it.each([
    ['session.ice', 504],
    ['session.dtls', 504],
    ['session.timeout', 504],
    ['session.no_reports', 504],
    ['session.nothing_arrives', 504],
    ['session.congestion', 504],
    ['session.limit', 1001],
    ['session.no_port', 1001],
    ['session.answer', 400],
    ['session.rejected', 400],
    ['session.video_codec', 400],
    ['session.lost', 504],
    ['camera.removed', 480],
    ['stream.no_h264', 480],
  ])('by %s is told to the viewer once, as %i', (code, expected) => {
    const { open, media, toPeer, toMedia } = host();
    open();
    media().state('closed', { code, message: 'Why.' });
    expect(toPeer).toEqual([`error ${expected} Why.`, 'closed']);
    expect(toMedia).toEqual([]);
  });

  it('by a fault of the camera is told without its address', () => {
    const { open, media, toPeer } = host();
    open();
    media().state('closed', { code: 'rtsp.unreachable', message: 'No connection to rtsp://192.168.1.20:554/1: no answer.' });
    expect(toPeer).toEqual(['error 480 The gateway gets no connection to the camera.', 'closed']);
  });

  it('by the viewer itself is no error', () => {
    const { open, media, toPeer } = host();
    open();
    media().state('closed', { code: 'session.left', message: 'Gone.' });
    expect(toPeer).toEqual(['closed']);
  });

  it('by signaling is not told back', () => {
    const { open, media, toPeer, toMedia } = host();
    open().close({ code: 'signaling.gone', message: '' });
    media().state('closed', { code: 'signaling.gone', message: '' });
    expect([toMedia, toPeer]).toEqual([['close signaling.gone'], []]);
  });

  it('while the viewer is invited is told once, whatever becomes of the invitation', async () => {
    const { open, media, toPeer, toMedia, invitation } = host();
    open();
    media().offer('OFFER', []);
    media().state('closed', { code: 'session.timeout', message: 'Why.' });
    invitation.reject(new Error('410'));
    await expect(invitation.promise).rejects.toThrow('410');
    expect(toPeer).toEqual(['invite OFFER ', 'error 504 Why.', 'closed']);
    expect(toMedia).toEqual([]);
  });

  it.each([
    ['that the viewer refused', new JsonRpcError(400, 'No codec'), []],
    ['of a viewer that is gone', new JsonRpcError(410, 'Gone'), []],
    ['that was not answered in time', new JsonRpcError(408, 'Too late'), ['error 408 Too late']],
    [
      'with an answer that is none',
      new SignalingError(400, '"answer" must be a string'),
      ['error 400 "answer" must be a string'],
    ],
  ])('by an invitation %s is told to the viewer where it does not know it', async (_what, fault, told) => {
    const { open, media, toPeer, toMedia, invitation } = host();
    open();
    media().offer('OFFER', []);
    invitation.reject(fault);
    await vi.waitFor(() => expect(toMedia).toEqual(['close session.invite']));
    expect(toPeer).toEqual(['invite OFFER ', ...told, 'closed']);
  });

  it('by an invitation that was not taken lets the device role forget it, once', async () => {
    const { open, media, toPeer, toMedia, invitation } = host();
    open();
    media().offer('OFFER', []);
    invitation.reject(new Error('408'));
    await vi.waitFor(() => expect(toMedia).toEqual(['close session.invite']));
    media().state('closed', { code: 'session.invite', message: '' });
    expect(toPeer).toEqual(['invite OFFER ', 'closed']);
  });
});

it.each([
  ['talk.busy', 'error 486 Somebody else is talking to the camera.', 'Somebody else is talking to the camera.'],
  ['talk.failed', 'error 488 The camera plays no speech.', 'The camera plays no speech.'],
])('a viewer is told of %s, and the session goes on', (code, told, message) => {
  const { open, media, toPeer, toMedia } = host();
  open();
  media().notice({ code, message });
  expect(toPeer).toEqual([told]);
  expect(toMedia).toEqual([]);
});
