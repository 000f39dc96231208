import { expect, it, onTestFinished, vi } from 'vitest';
import type { IceServer } from '../../../src/base/ice.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { MediaControl } from '../../../src/plane/media-control.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';

const given = vi.hoisted(() => ({ servers: [] as IceServer[][] }));
vi.mock(import('../../../src/peer/session.ts'), async (importOriginal) => {
  const { Session } = await importOriginal();
  return {
    Session: class extends Session {
      constructor(options: ConstructorParameters<typeof Session>[0]) {
        super(options);
        given.servers.push([...(options.iceServers ?? [])]);
      }

      /** Gathers nothing: no server of that name is asked. */
      override async start(): Promise<void> {
        // No offer is made.
      }
    },
  };
});

/** What a session is given of ICE servers, by way of the messages. */
async function openSessions(count: number, warn: (text: string) => void): Promise<void> {
  const logger = Object.assign(silentLogger.child({}), { warn });
  const iceServers = [{ urls: ['turn:own.example', 'stuns:s.example'], secret: 'north' }];
  const ice = { ...DEFAULT_MEDIA_SETTINGS.ice, iceServers };
  const control = new MediaControl({
    settings: { ...DEFAULT_MEDIA_SETTINGS, ice },
    workers: 0,
    clock: { now: () => 1_700_000_000_000 },
    logger,
    onStreamState: () => undefined,
    onKeyframeWanted: () => undefined,
  });
  onTestFinished(() => control.close());
  const heard = { offer: vi.fn(), candidate: vi.fn(), candidateRefused: vi.fn(), notice: vi.fn(), state: vi.fn() };
  control.setCamera({ id: 'yard', clockOffsetMs: 0, profiles: [{ token: 'main', uri: 'rtsp://127.0.0.1:9/' }] });
  for (let index = 0; index < count; index += 1) {
    control.openSession({ id: `s${index}`, cameraId: 'yard', iceServers: [{ urls: ['stun:theirs.example'] }] }, heard);
  }
  await vi.waitFor(() => expect(given.servers).toHaveLength(count), WAIT);
  // What was said before it is here by then.
  await control.keyframe('yard', { pull: false });
}

it('a session asks the servers of the config first, with credentials of its own, then those of its signaling server; what cannot be used is said once', async () => {
  const warnings: string[] = [];
  await openSessions(2, (text) => warnings.push(text));
  const [first, second] = given.servers;
  expect(first).toEqual([
    {
      urls: ['turn:own.example', 'stuns:s.example'],
      username: '1700086400:s0',
      credential: expect.stringMatching(/^[\w+/]{27}=$/) as unknown,
    },
    { urls: ['stun:theirs.example'] },
  ]);
  expect(second?.[0]?.username).toBe('1700086400:s1');
  expect(JSON.stringify(given.servers)).not.toContain('north');
  expect(warnings.filter((text) => typeof text === 'string')).toEqual([
    'An ICE server is left out: stuns:s.example: STUN is asked over UDP alone',
  ]);
});
