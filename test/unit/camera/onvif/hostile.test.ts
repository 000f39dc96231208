import { describe, expect, it } from 'vitest';
import { connect, connectTo, DATE, errorOf, fault, refuse, soap, startCamera, WORKING, type Answer } from './scripted-camera.ts';

/* Answers of a camera that has been taken over, or of something that is none. */

async function profilesError(answer: Answer, timeoutMs = 5000): Promise<{ code: string; message: string; advice: string }> {
  const { port } = await startCamera({ ...WORKING, 'media1/GetProfiles': answer });
  const { code, message, advice = '' } = await errorOf((await connect(port, { timeoutMs })).profiles());
  return { code, message, advice };
}

describe('a redirect', () => {
  it('is not followed, to no host, and told with where it points', async () => {
    const other = await startCamera(WORKING);
    for (const status of [301, 302, 307, 308]) {
      const location = `http://127.0.0.1:${other.port}/onvif/device_service`;
      const { port } = await startCamera({
        GetSystemDateAndTime: (_, response) => void response.writeHead(status, { location }).end(),
      });
      const error = await errorOf(connect(port));
      expect(error.code).toBe('camera.redirected');
      expect(error.message).toContain(location);
      expect(error.advice).toContain('onvif:');
    }
    expect(other.heads).toEqual([]);
  });

  it('has its address cut and cleaned before it stands in a log', async () => {
    const location = `http://127.0.0.1/\u009b31m${'x'.repeat(4000)}`;
    const { message } = await profilesError((_, response) => void response.writeHead(302, { location }).end());
    expect(message.length).toBeLessThan(400);
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

describe('an answer', () => {
  it('that expands entities, nests without end or is nothing but tags is no SOAP', async () => {
    const entities = '<!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><Envelope><Body><r>&b;</r></Body></Envelope>';
    const nested = `<Envelope><Body>${'<a>'.repeat(100_000)}`;
    const tags = soap('<a/>'.repeat(400_000));
    for (const text of [entities, nested, tags]) {
      expect(await profilesError(refuse(200, text))).toMatchObject({ code: 'camera.not_onvif' });
    }
  });

  it('that drips, be it in its head or its body, is given up when the time of the call is over', async () => {
    const drip =
      (write: string): Answer =>
      (_, response) => {
        response.socket?.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => response.socket?.write(write), 10);
        response.socket?.on('close', () => clearInterval(timer));
      };
    expect(await profilesError(drip('X-Filler: 1\r\n'), 200)).toMatchObject({ code: 'camera.timeout' });
    expect(await profilesError(drip('\r\n '), 200)).toMatchObject({ code: 'camera.timeout' });
  });

  it('with a head without end is refused', async () => {
    const { code } = await profilesError((_, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`);
    });
    expect(code).toBe('camera.not_onvif');
  });

  it('that asks for the digest again and again gets two requests and no more', async () => {
    let made = 0;
    const { port, requests } = await startCamera({
      ...WORKING,
      'media1/GetProfiles': (_, response) => {
        made += 1;
        response.writeHead(401, { 'www-authenticate': `Digest realm="x", nonce="${made}"` }).end();
      },
    });
    const device = await connect(port, { timeoutMs: 2000 });
    const before = requests.length;
    expect((await errorOf(device.profiles())).code).toBe('camera.unauthorized');
    expect(requests.slice(before).filter(({ name }) => name === 'GetProfiles')).toHaveLength(2);
  });

  it('that says it cannot now is told as that, and not as a wrong address', async () => {
    const { code, message, advice } = await profilesError(refuse(503, 'disk full'));
    expect(code).toBe('camera.unavailable');
    expect(message).toContain('GetProfiles with HTTP status 503');
    expect(advice).toContain('overloaded');
  });

  it('of endless lists is read to a bound', async () => {
    const profiles = Array.from({ length: 3000 }, (_, index) => `<Profiles token="${index}"/>`).join('');
    const { port } = await startCamera({ ...WORKING, 'media1/GetProfiles': `<r>${profiles}</r>` });
    expect(await (await connect(port)).profiles()).toHaveLength(1024);
    const events = '<NotificationMessage/>'.repeat(3000);
    const { device } = await connectTo(
      {
        CreatePullPointSubscription: '<r><SubscriptionReference><Address>http://x/s</Address></SubscriptionReference></r>',
        PullMessages: `<r>${events}</r>`,
      },
      'ver10/events',
    );
    const pullPoint = await device.events?.createPullPoint();
    const { events: read, unread } = (await pullPoint?.pull(1000, 100)) ?? {};
    expect([read?.length, unread]).toEqual([100, 2900]);
  });

  it('of events is not read where it is much longer than those that were asked for', async () => {
    const { device } = await connectTo(
      {
        CreatePullPointSubscription: '<r><SubscriptionReference><Address>http://x/s</Address></SubscriptionReference></r>',
        PullMessages: `<r>${' '.repeat(600_000)}</r>`,
      },
      'ver10/events',
    );
    const pullPoint = await device.events?.createPullPoint();
    expect(await errorOf(pullPoint?.pull(1000) ?? Promise.resolve())).toMatchObject({ code: 'camera.not_onvif' });
  });
});

describe('a clock that is changed while we are connected', () => {
  /** Takes only what is signed with its own time, which the test sets. */
  function camera(): { answers: Record<string, Answer>; set: (iso: string) => void; refuseAll: () => void } {
    let now = new Date('2020-01-01T01:02:03Z');
    let refusing = false;
    const date = (): string =>
      DATE.replace('<Year>2020', `<Year>${now.getUTCFullYear()}`).replace('<Hour>1<', `<Hour>${now.getUTCHours()}<`);
    return {
      set: (iso) => (now = new Date(iso)),
      refuseAll: () => (refusing = true),
      answers: {
        ...WORKING,
        GetSystemDateAndTime: (_, response) => void response.end(soap(date())),
        'media1/GetProfiles': ({ text }, response) => {
          const created = Date.parse(/Created>([^<]*)</.exec(text)?.[1] ?? '');
          const fresh = Math.abs(created - now.getTime()) < 60_000;
          response.writeHead(fresh && !refusing ? 200 : 400);
          response.end(fresh && !refusing ? soap('<r><Profiles token="0"/></r>') : fault('ter:NotAuthorized', 'x'));
        },
      },
    };
  }

  it('is measured again by itself, and the call is made once more', async () => {
    const { answers, set } = camera();
    const { port, requests } = await startCamera(answers);
    const device = await connect(port);
    expect(await device.profiles()).toHaveLength(1);
    set('2024-01-01T05:02:03Z');
    const before = requests.length;
    expect(await device.profiles()).toHaveLength(1);
    expect(requests.slice(before).map(({ name }) => name)).toEqual(['GetProfiles', 'GetSystemDateAndTime', 'GetProfiles']);
    expect(Math.abs((device.clockOffsetMs ?? 0) - (Date.parse('2024-01-01T05:02:03Z') - Date.now()))).toBeLessThan(10_000);
  });

  it('is not blamed where it has not changed: wrong credentials are tried once', async () => {
    const { answers, refuseAll } = camera();
    const { port, requests } = await startCamera(answers);
    const device = await connect(port);
    refuseAll();
    const before = requests.length;
    expect((await errorOf(device.profiles())).code).toBe('camera.unauthorized');
    expect(requests.slice(before).map(({ name }) => name)).toEqual(['GetProfiles', 'GetSystemDateAndTime']);
  });
});
