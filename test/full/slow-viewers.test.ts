import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { RTCDtlsTransport } from 'werift';
import { WebSocket } from 'ws';
import type { IceCandidate } from '../../src/base/ice.ts';
import { createLogger } from '../../src/base/log.ts';
import { connect, type OnvifSession } from '../../src/client/index.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { PacketHistory } from '../../src/media/packet-history.ts';
import type { OutgoingFrame } from '../../src/peer/egress/outgoing-frame.ts';
import { Pacer } from '../../src/peer/egress/pacer.ts';
import { RtpSender } from '../../src/peer/egress/rtp-sender.ts';
import { WeriftEgressTransport } from '../../src/peer/webrtc/egress-transport.ts';
import { HeadlessPeerConnection } from '../../src/peer/webrtc/headless/peer-connection.ts';
import type { SessionStats } from '../../src/plane/messages.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startCoturn, type Coturn } from '../support/coturn.ts';
import { Program } from '../support/program.ts';
import { recordingLogger, startSimulatedCamera, startSite } from '../support/site.ts';

/*
 * Viewers that cannot follow, beside one that can: one is reached through coturn by a TCP path that stalls, the other one's RTCP is lost. All in this
 * process but coturn and the path.
 */

const ADDRESS = `127.78.${process.pid & 0xff}.7`;
const ACCOUNT = { username: 'gateway', credential: 'secret' };
const WAIT = { timeout: 20_000, interval: 20 };
const CAMERA = 'yard';
/** A viewer that reports nothing for 15 s is given up. */
const STALL_MS = 10_000;
/** What may wait in the socket, a burst that goes in before that is looked at again, and sound until the path has been blocked for a second. */
const MAX_BACKLOG = (128 + 38 + 16) * 1024;
/** A keyframe that was begun, and pictures of a second, of 2 Mbit/s. */
const MAX_PACED = 512 * 1024;

let coturn: Coturn;
const mutePort = createSocket('udp4');

beforeAll(async () => {
  const relayPorts = { first: 40_000, last: 40_099 };
  const certificate = makeCertificate(ADDRESS);
  coturn = await startCoturn({ prefix: [], address: ADDRESS, ...ACCOUNT, certificate, relayPorts, relaysToLoopback: true });
  mutePort.bind(0, '127.0.0.1');
  await once(mutePort, 'listening');
});

afterAll(async () => {
  await coturn.close();
  mutePort.close();
});

/** Reaches the gateway by its relay alone. What it tells of itself is a port that says nothing: for its address the relay lets it in. */
class RelayedConnection extends HeadlessPeerConnection {
  override async addIceCandidate(candidate: IceCandidate): Promise<void> {
    if (candidate.candidate.includes('typ relay')) await super.addIceCandidate(candidate);
  }

  override addEventListener: HeadlessPeerConnection['addEventListener'] = (name, listener) => {
    const listeners: Partial<Listeners> = { [name]: listener };
    const { icecandidate } = listeners;
    if (icecandidate === undefined) return super.addEventListener(name, listener);
    super.addEventListener('icecandidate', ({ candidate }) => {
      const text = candidate?.candidate.replace(/(127\.0\.0\.1) \d+/, `$1 ${mutePort.address().port}`) ?? '';
      icecandidate({ candidate: candidate && { ...candidate, candidate: text } });
    });
  };
}

interface Listeners {
  icecandidate: Parameters<typeof HeadlessPeerConnection.prototype.addEventListener<'icecandidate'>>[1];
}

type Sent = Pick<OutgoingFrame, 'payloads' | 'keyframe'>;

/** Where a picture stands in what the camera sent of one profile. */
interface Place {
  profile: PacketHistory;
  number: number;
}

/** What happens in the gateway, and at the viewers' ends. */
class Observed {
  readonly #sendPacket = vi.spyOn(RtpSender.prototype, 'sendPacket');
  readonly #add = vi.spyOn(PacketHistory.prototype, 'add');
  readonly #push = vi.spyOn(Pacer.prototype, 'push');
  readonly #backlog = vi.spyOn(WeriftEgressTransport.prototype, 'backlog', 'get');
  /** The gateway's own goes past werift. */
  readonly #sendRtcp = vi.spyOn(RTCDtlsTransport.prototype, 'sendRtcp');

  /** Those who were sent pictures, in the order in which they came. */
  get senders(): RtpSender[] {
    return [...new Set(this.#sendPacket.mock.contexts as RtpSender[])];
  }

  /** The viewers' ends, in the order in which they came. */
  get ends(): RTCDtlsTransport[] {
    return [...new Set(this.#sendRtcp.mock.contexts as RTCDtlsTransport[])];
  }

  sentBy(sender: RtpSender | undefined): Sent[] {
    const { calls, contexts } = this.#sendPacket.mock;
    return calls.flatMap(([frame, index], at) => (contexts[at] === sender && index === 0 ? [frame] : []));
  }

  /** What the camera sent, by the payloads, which viewers share. */
  get places(): Map<Sent['payloads'], Place> {
    const { contexts } = this.#add.mock;
    const calls = this.#add.mock.calls as [Sent][];
    const places = new Map<Sent['payloads'], Place>();
    const sent = new Map<PacketHistory, number>();
    for (const [at, [{ payloads }]] of calls.entries()) {
      const profile = contexts[at] as PacketHistory;
      const number = sent.get(profile) ?? 0;
      sent.set(profile, number + 1);
      places.set(payloads, { profile, number });
    }
    return places;
  }

  /** Bytes that wait now for their turn at most, and in a socket. */
  get waiting(): [number, number] {
    const pacers = new Set(this.#push.mock.contexts as Pacer[]);
    const transports = new Set(this.#backlog.mock.contexts as WeriftEgressTransport[]);
    return [
      Math.max(...[...pacers].map(({ queuedBytes }) => queuedBytes)),
      Math.max(...[...transports].map(({ backlog }) => backlog)),
    ];
  }
}

/** Whether each picture that follows a gap, or one of another profile, is a keyframe. */
function decodable(sent: readonly Sent[], places: ReadonlyMap<Sent['payloads'], Place>): boolean {
  return sent.every(({ payloads, keyframe }, index) => {
    const [place, before] = [places.get(payloads), places.get(sent[index - 1]?.payloads ?? [])];
    if (place === undefined || before === undefined) return place !== undefined && keyframe;
    return keyframe || (place.profile === before.profile && place.number === before.number + 1);
  });
}

/** From one profile to another, or to fewer or more pictures; none where viewers are not adapted. */
function switchesOf(sessions: readonly SessionStats[]): number {
  return sessions.reduce((sum, { adaptation }) => sum + (adaptation?.switches ?? 0), 0);
}

const adaptations = [
  ['that are not adapted to their paths', false],
  ['that are', true],
] as const;

it.each(adaptations)(
  'of viewers %s, one whose TCP path stalls and one that reports no more cost nobody but themselves, and come back by themselves',
  async (_, adaptive) => {
    const path = new Program(['python3', fileURLToPath(new URL('../support/tcp-path.py', import.meta.url)), ADDRESS, '3478']);
    onTestFinished(async () => {
      path.kill('SIGKILL');
      await path.exit();
    });
    const observed = new Observed();
    onTestFinished(() => void vi.restoreAllMocks());
    const relay = (await path.says(/port (\d+)/))[1] ?? '';
    const { simulated, camera } = await startSimulatedCamera(CAMERA);
    onTestFinished(() => simulated.close());
    const asked = vi.spyOn(simulated.timeline, 'jumpToNextGop');
    const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
    const iceServers = [{ urls: [`turn:127.0.0.1:${relay}?transport=tcp`], ...ACCOUNT }];
    const ice = { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true, iceServers };
    const media = { ...DEFAULT_MEDIA_SETTINGS, ice, pull: 'always', workers: 0, adaptive } as const;
    const site = await startSite([camera], { logger, media });
    onTestFinished(() => site.close());
    await vi.waitFor(() => expect(site.gateway.cameras()[0]?.state).toBe('online'), WAIT);

    const view = async (
      Connection: typeof HeadlessPeerConnection,
    ): Promise<{ session: OnvifSession; stats(): Promise<SessionStats> }> => {
      const session: OnvifSession = connect(site.signaling, {
        peer: CAMERA,
        createPeerConnection: () => new Connection({ iceServers: [], onFirstFrame: () => session.noteFirstFrame() }),
        createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
      });
      onTestFinished(() => session.close());
      const place = observed.senders.length;
      await vi.waitFor(async () => {
        expect((await session.stats()).framesDecoded).toBeGreaterThan(25);
        expect([observed.senders.length, observed.ends.length]).toEqual([place + 1, place + 1]);
      }, WAIT);
      const stats = async (): Promise<SessionStats> => {
        const found = (await site.gateway.mediaStats()).sessions[place];
        if (found === undefined) throw new Error('the session is over');
        return found;
      };
      return { session, stats };
    };
    const watcher = await view(HeadlessPeerConnection);
    const silent = await view(HeadlessPeerConnection);
    const relayed = await view(RelayedConnection);
    expect((await relayed.stats()).path).toMatchObject({ local: 'relay', transport: 'tcp' });
    expect((await silent.stats()).path).toMatchObject({ local: 'host', transport: 'udp' });
    const pictures = async (): Promise<number> => (await site.gateway.mediaStats()).streams[0]?.accessUnits ?? 0;

    const begun = {
      asked: asked.mock.calls.length,
      camera: await pictures(),
      watcher: (await watcher.session.stats()).framesDecoded,
    };
    const behind: number[] = [];
    const waiting: [number, number][] = [];
    path.kill('SIGSTOP');
    const [, silentEnd] = observed.ends;
    if (silentEnd === undefined) throw new Error('unreachable');
    silentEnd.sendRtcp = () => Promise.resolve(undefined);
    const stalledAt = performance.now();
    while (performance.now() - stalledAt < STALL_MS) {
      const [came, { framesDecoded }] = [await pictures(), await watcher.session.stats()];
      behind.push(came - begun.camera - (framesDecoded - begun.watcher));
      waiting.push(observed.waiting);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const during = [await relayed.stats(), await silent.stats(), await watcher.stats()] as const;
    const askedDuring = asked.mock.calls.length - begun.asked;
    path.kill('SIGCONT');
    Reflect.deleteProperty(silentEnd, 'sendRtcp');

    // Each of them is sent pictures again, and decodes them.
    const [, ofSilent, ofRelayed] = observed.senders;
    const counts = async (): Promise<number[]> => [
      ...(await Promise.all([relayed, silent].map(async ({ session }) => (await session.stats()).framesDecoded))),
      ...[ofRelayed, ofSilent].map((sender) => observed.sentBy(sender).length),
    ];
    const resumed = await counts();
    await vi.waitFor(async () => {
      const more = (await counts()).map((count, index) => count - (resumed[index] ?? 0));
      expect(Math.min(...more)).toBeGreaterThan(100);
    }, WAIT);
    const askedAfter = asked.mock.calls.length - begun.asked;

    const { lost } = await watcher.session.stats();
    const sorted = behind.toSorted((a, b) => a - b);
    const [median, worst] = [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
    const paced = Math.max(...waiting.map(([bytes]) => bytes));
    const backlog = Math.max(...waiting.map(([, bytes]) => bytes));
    const figures = { median, worst, paced, backlog, askedAfter };
    console.log(`pictures that a third viewer was behind, and bytes that waited: ${JSON.stringify(figures)}`);
    // The one that can follow sees every picture, no later than before.
    expect([lost, during[2].packetsDropped, during[2].skipsStalled, during[2].skipsSilent]).toEqual([0, 0, 0, 0]);
    expect(median).toBeLessThanOrEqual(2);
    expect(worst).toBeLessThanOrEqual(12);
    // What waits is bounded.
    expect(backlog).toBeLessThan(MAX_BACKLOG);
    expect(paced).toBeLessThan(MAX_PACED);
    expect([during[0].skipsStalled + during[0].skipsSilent, during[1].skipsSilent, during[1].skipsStalled]).toEqual([1, 1, 0]);
    // What they were sent can be decoded: from keyframes on.
    const { places } = observed;
    expect(observed.senders.map((sender) => decodable(observed.sentBy(sender), places))).toEqual([true, true, true]);
    // The camera is asked for no keyframe while they can be sent none, and once for each when they can; by ONVIF and by RTCP.
    // Who goes over to another profile begins there with one too.
    const after = [await relayed.stats(), await silent.stats()];
    expect(askedDuring).toBeLessThanOrEqual(2 * switchesOf(during));
    expect(askedAfter).toBeLessThanOrEqual(2 * (2 + switchesOf(after)));
    const said = lines.flatMap(({ reason }) => (reason as { code?: string } | undefined)?.code ?? []);
    expect(said.filter((code) => code === 'session.silent' || code === 'session.stalled')).toHaveLength(2);
  },
  60_000,
);
