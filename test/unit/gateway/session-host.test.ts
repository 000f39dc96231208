import { describe, expect, it, vi } from 'vitest';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { CameraSessionHost } from '../../../src/gateway/session-host.ts';
import { MediaControl, type MediaSessionEvents } from '../../../src/plane/media-control.ts';
import type { DeviceSession, SessionRequest } from '../../../src/signaling/session-seam.ts';

const REQUEST: SessionRequest = { session: 'abc', iceServers: [{ urls: ['stun:s.example'] }] };

interface Hosted {
  open: (request?: SessionRequest) => DeviceSession;
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
function host(profiles: string[] = ['main', 'sub']): Hosted {
  const [opened, toMedia, toPeer]: [Hosted['opened'], string[], string[]] = [[], [], []];
  let events: MediaSessionEvents | undefined;
  const invitation = Promise.withResolvers<{ answer: string; subprotocols: string[] }>();
  const control = new MediaControl({
    settings: DEFAULT_MEDIA_SETTINGS,
    clock: { now: () => 0 },
    logger: silentLogger,
    onStreamState: () => undefined,
    onKeyframeWanted: () => undefined,
  });
  vi.spyOn(control, 'openSession').mockImplementation((session, told) => {
    opened.push(session);
    events = told;
    return {
      answer: (answer, subprotocols) => toMedia.push(`answer ${answer} ${subprotocols.join()}`),
      addCandidate: ({ candidate }) => toMedia.push(`candidate ${candidate}`),
      close: ({ code }) => toMedia.push(`close ${code}`),
    };
  });
  const sessionHost = new CameraSessionHost({ cameraId: 'yard', media: control, profiles: () => profiles, logger: silentLogger });
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

  it('is refused with 480 while the camera has told no profiles', () => {
    const { open, opened } = host([]);
    expect(() => open()).toThrow(expect.objectContaining({ code: 480 }));
    expect(opened).toEqual([]);
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
    ['session.limit', 1001],
    ['session.no_port', 1001],
    ['session.answer', 400],
    ['session.lost', 480],
    ['camera.removed', 480],
    ['stream.no_h264', 480],
  ])('by %s is told to the viewer once, as %i', (code, expected) => {
    const { open, media, toPeer, toMedia } = host();
    open();
    media().state('closed', { code, message: 'Why.' });
    expect(toPeer).toEqual([`error ${expected} Why.`, 'closed']);
    expect(toMedia).toEqual([]);
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
