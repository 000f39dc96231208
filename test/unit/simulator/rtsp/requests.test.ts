import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../../src/camera/rtsp/sdp.ts';
import { formatAuthorization, parseChallenges } from '../../../../src/camera/rtsp/auth.ts';
import { ParameterSets } from '../../../../src/media/h264/parameter-sets.ts';
import type { RtspConversation } from '../../../support/rtsp-conversation.ts';
import { play, runServer, sessionOf } from './server-fixture.ts';

const BACKCHANNEL = { Require: 'www.onvif.org/ver20/backchannel' };
const INTERLEAVED = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
const CREDENTIALS = { username: 'viewer', password: 'pass word' };

describe('DESCRIBE', () => {
  it('lists video, sound and metadata of the profile', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const answer = await client.request('DESCRIBE', `${url}/sub`, { Accept: 'application/sdp' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('application/sdp');
    expect(answer.headers.get('Content-Base')).toBe(`${url}/sub/`);
    const { tracks } = parseSessionDescription(answer.body.toString());
    expect(
      tracks.map(({ kind, encodingName, clockRate, control, direction }) => ({
        kind,
        encodingName,
        clockRate,
        control,
        direction,
      })),
    ).toEqual([
      { kind: 'video', encodingName: 'H264', clockRate: 90_000, control: 'trackID=0', direction: undefined },
      { kind: 'audio', encodingName: 'PCMU', clockRate: 8_000, control: 'trackID=1', direction: undefined },
      { kind: 'application', encodingName: 'vnd.onvif.metadata', clockRate: 90_000, control: 'trackID=2', direction: undefined },
    ]);
  });

  it('gives the parameter sets and the profile that the stream has', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const answer = await client.request('DESCRIBE', `${url}/main`);
    const fmtp = parseSessionDescription(answer.body.toString()).tracks[0]?.fmtp;
    expect(fmtp?.get('packetization-mode')).toBe('1');
    expect(fmtp?.get('profile-level-id')).toBe('64001f');
    expect(new ParameterSets(fmtp?.get('sprop-parameter-sets')).complete).toBe(true);
  });

  it('lists the backchannel only for those who require it, and then says who sends', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const answer = await client.request('DESCRIBE', `${url}/main`, BACKCHANNEL);
    const { tracks } = parseSessionDescription(answer.body.toString());
    expect(tracks.map(({ kind, direction }) => [kind, direction])).toEqual([
      ['video', 'recvonly'],
      ['audio', 'recvonly'],
      ['application', 'recvonly'],
      ['audio', 'sendonly'],
    ]);
    expect(tracks[3]).toMatchObject({ encodingName: 'PCMU', payloadType: 0, control: 'trackID=3' });
  });

  it('does not know other profiles, nor other features', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    expect((await client.request('DESCRIBE', `${url}/third`)).status).toBe(404);
    const unsupported = await client.request('DESCRIBE', `${url}/main`, { Require: 'onvif-replay' });
    expect(unsupported.status).toBe(551);
    expect(unsupported.headers.get('Unsupported')).toBe('onvif-replay');
  });
});

describe('authentication', () => {
  it('lets anybody ask for options, and nobody else in without the password', async () => {
    const { url, connect } = await runServer({ credentials: CREDENTIALS });
    const client = await connect();
    const options = await client.request('OPTIONS', `${url}/main`);
    expect(options.headers.get('Public')?.split(', ')).toEqual(
      expect.arrayContaining(['DESCRIBE', 'SETUP', 'PLAY', 'GET_PARAMETER', 'TEARDOWN']),
    );
    for (const method of ['DESCRIBE', 'SETUP', 'PLAY', 'GET_PARAMETER', 'ANNOUNCE']) {
      expect((await client.request(method, `${url}/main`)).status).toBe(401);
    }
    expect((await client.authorized('DESCRIBE', `${url}/main`, CREDENTIALS)).status).toBe(200);
    expect((await client.authorized('DESCRIBE', `${url}/main`, { ...CREDENTIALS, password: 'other' })).status).toBe(401);
    expect((await client.authorized('DESCRIBE', `${url}/main`, { ...CREDENTIALS, username: 'other' })).status).toBe(401);
  });

  it('offers SHA-256 and qop when told to', async () => {
    const { url, connect } = await runServer({ credentials: CREDENTIALS, digest: { algorithms: ['SHA-256', 'MD5'], qop: true } });
    const client = await connect();
    const refused = await client.request('DESCRIBE', `${url}/main`);
    expect(parseChallenges(refused.headers.getAll('WWW-Authenticate'))).toMatchObject([
      { algorithm: 'SHA-256', qop: true, stale: false },
      { algorithm: 'MD5', qop: true, stale: false },
    ]);
    expect((await client.authorized('DESCRIBE', `${url}/main`, CREDENTIALS)).status).toBe(200);
  });

  it('says stale when only the nonce is too old', async () => {
    const { url, connect, server, clock } = await runServer({ credentials: CREDENTIALS });
    const client = await connect();
    const challenged = async (headers: Record<string, string>): Promise<boolean[]> => {
      const answer = await client.request('DESCRIBE', `${url}/main`, headers);
      expect(answer.status).toBe(401);
      return parseChallenges(answer.headers.getAll('WWW-Authenticate')).map((each) => 'stale' in each && each.stale);
    };
    const authorization = await answerOf(client, `${url}/main`);
    expect((await client.request('DESCRIBE', `${url}/main`, { Authorization: authorization })).status).toBe(200);
    server.expireNonces();
    expect(await challenged({ Authorization: authorization })).toEqual([true]);
    expect(await challenged({})).toEqual([false]);
    const another = await answerOf(client, `${url}/main`);
    clock.aheadMs = 3_600_000;
    expect(await challenged({ Authorization: another })).toEqual([true]);
  });
});

describe('SETUP and what follows', () => {
  it('refuses what it cannot do', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const status = async (method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<number> =>
      (await client.request(method, `${url}${path}`, headers, body)).status;
    expect(await status('SETUP', '/main/trackID=9', INTERLEAVED)).toBe(404);
    expect(await status('SETUP', '/main', INTERLEAVED)).toBe(404);
    expect(await status('SETUP', '/main/trackID=0', { Transport: 'RTP/AVP;multicast;port=5000-5001' })).toBe(461);
    expect(await status('SETUP', '/main/trackID=0', { Transport: 'RAW/RAW/UDP;unicast;client_port=5000-5001' })).toBe(461);
    expect(await status('PLAY', '/main')).toBe(454);
    expect(await status('PLAY', '/main', { Session: 'unknown' })).toBe(454);
    expect(await status('GET_PARAMETER', '/main', { Session: 'unknown' })).toBe(454);
    expect(await status('ANNOUNCE', '/main')).toBe(501);
    expect(await status('SET_PARAMETER', '/main', {}, 'barparam: barstuff')).toBe(451);
  });

  it('answers requests in their order, each with its own CSeq', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const answers = await Promise.all(
      ['OPTIONS', 'GET_PARAMETER', 'OPTIONS'].map((method) => client.request(method, `${url}/main`)),
    );
    expect(answers.map((answer) => [answer.status, answer.headers.get('CSeq')])).toEqual([
      [200, '1'],
      [200, '2'],
      [200, '3'],
    ]);
  });

  it('gives channels of its own choice when none are asked for, and none twice', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const first = await client.request('SETUP', `${url}/main/trackID=0`, { Transport: 'RTP/AVP/TCP;unicast' });
    expect(first.headers.get('Transport')).toMatch(/^RTP\/AVP\/TCP;unicast;interleaved=0-1;ssrc=[0-9A-F]{8}$/);
    const session = { Session: sessionOf(first.headers.get('Session')) };
    const second = await client.request('SETUP', `${url}/main/trackID=1`, { Transport: 'RTP/AVP/TCP;unicast', ...session });
    expect(second.headers.get('Transport')).toContain('interleaved=2-3');
    expect((await client.request('SETUP', `${url}/main/trackID=2`, { ...INTERLEAVED, ...session })).status).toBe(461);
  });

  it('finds the track behind a query and an absolute or relative URL', async () => {
    const { url, connect } = await runServer();
    for (const uri of [`${url}/main/trackID=0?channel=1`, '/main/trackID=0', `rtsp://camera.example/main//trackID=0`]) {
      const client = await connect();
      expect((await client.request('SETUP', uri, INTERLEAVED)).status).toBe(200);
    }
  });

  it('has no session any more after TEARDOWN', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const session = { Session: await play(client, `${url}/main`, [1]) };
    expect((await client.request('TEARDOWN', `${url}/main`, session)).status).toBe(200);
    expect((await client.request('PLAY', `${url}/main`, session)).status).toBe(454);
  });

  it('promises timestamps for all tracks and changes nothing while it plays', async () => {
    const { url, connect } = await runServer();
    const client = await connect();
    const session = { Session: await play(client, `${url}/main`, [0, 1, 2]) };
    expect((await client.request('SETUP', `${url}/main/trackID=3`, { ...INTERLEAVED, ...session })).status).toBe(455);
    const again = await client.request('PLAY', `${url}/main/`, session);
    expect(
      again.headers
        .get('RTP-Info')
        ?.split(',')
        .map((part) => part.replace(/\d+$/, 'N')),
    ).toEqual([0, 1, 2].map((track) => `url=${url}/main/trackID=${track};rtptime=N`));
  });
});

/** The Authorization for DESCRIBE that answers a fresh challenge. */
async function answerOf(client: RtspConversation, uri: string): Promise<string> {
  const refused = await client.request('DESCRIBE', uri);
  const [challenge] = parseChallenges(refused.headers.getAll('WWW-Authenticate'));
  if (challenge === undefined) throw new Error('no challenge');
  return formatAuthorization(challenge, CREDENTIALS, { method: 'DESCRIBE', uri, nonceCount: 1, clientNonce: 'abcdef' });
}
