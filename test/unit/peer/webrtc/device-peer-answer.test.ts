import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import { RtpSender } from '../../../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { RemoteCandidates } from '../../../../src/peer/webrtc/ice/remote-candidates.ts';
import { joined, makePeer, makeViewer, OFFERED, WAIT } from './loopback-viewer.ts';

type Rewrite = (answer: string) => string;
type Kind = 'video' | 'audio' | 'application';

/** Changes the sections of one kind, or all. */
function inSections(kind: Kind | '', change: Rewrite): Rewrite {
  return (answer) =>
    answer
      .split(/(?=^m=)/m)
      .map((section) => (section.startsWith(`m=${kind}`) ? change(section) : section))
      .join('');
}

const dropLines = (pattern: RegExp): Rewrite =>
  inSections('', (section) =>
    section
      .split(/(?<=\n)/)
      .filter((line) => !pattern.test(line))
      .join(''),
  );

/** RFC 3264 section 6; RFC 9143 section 7.3.3: what is rejected is in no bundle. */
function rejected(kind: Kind): Rewrite {
  return (answer) => {
    const mid = new RegExp(`m=${kind}[\\s\\S]*?a=mid:(\\S+)`).exec(answer)?.[1] ?? '';
    const inBundle = answer.replace(/^a=group:BUNDLE .*$/m, (line) => line.replace(` ${mid}`, ''));
    return inSections(kind, (section) => section.replace(/^m=\w+ \d+/, `m=${kind} 0`))(inBundle);
  };
}

/** What every section says of the transport, said once for all in front of them (RFC 8839 section 5.4, RFC 8122 section 5). */
function transportOfSession(answer: string): string {
  const common = /^a=(ice-ufrag|ice-pwd|ice-options|fingerprint|setup):.*\r\n/gm;
  const [session = '', ...sections] = answer.split(/(?=^m=)/m);
  const lines = new Set(sections.join('').match(common));
  return [session, ...lines, ...sections.map((section) => section.replace(common, ''))].join('');
}

/** Attributes of each section in the opposite order. */
const reversed: Rewrite = inSections('', (section) => {
  const lines = section.split(/(?<=\n)/);
  const attributes = lines.filter((line) => line.startsWith('a='));
  return [...lines.filter((line) => !line.startsWith('a=')), ...attributes.reverse()].join('');
});

const renumbered: Rewrite = (answer) =>
  answer
    .replace(/\b102\b/g, '35')
    .replace(/\b103\b/g, '36')
    .replace(/\b111\b/g, '97');

const withoutRetransmission: Rewrite = (section) =>
  section.replace(' 103\r\n', '\r\n').replace(/^a=(rtpmap|fmtp):103.*\r\n/gm, '');

interface Working {
  /** Payload types of what arrived. */
  arrived: number[];
  /** Whether a data channel could be opened. */
  channel: boolean;
}

/** Connects a viewer whose answer is rewritten, and tries all that may work. */
async function connect(rewrite: Rewrite, withChannel = true): Promise<Working> {
  const { viewer, media, transport } = await joined(undefined, {}, rewrite);
  const packets: RtpPacket[] = [];
  viewer.transport.onRtp.subscribe((packet) => packets.push(packet));
  const { video, audio } = media;
  const srtp = createSrtpEgress(transport);
  if (video !== undefined)
    new RtpSender(video, srtp, transport).send(Buffer.from('p'), video.payloadTypes.get('H264') ?? 0, true, 0);
  const opus = audio?.payloadTypes.get('OPUS');
  if (audio !== undefined && opus !== undefined) new RtpSender(audio, srtp, transport).send(Buffer.from('s'), opus, true, 0);
  await vi.waitFor(() => expect(packets).toHaveLength([video, opus].filter((part) => part !== undefined).length), WAIT);
  if (withChannel) await viewer.openChannel('x');
  return { arrived: packets.map(({ header }) => header.payloadType), channel: withChannel };
}

describe('an answer that rejects a part leaves the rest working', () => {
  it.each<[string, Rewrite, number[]]>([
    ['video by port 0, the first of the bundle', rejected('video'), [111]],
    ['sound by port 0', rejected('audio'), [102]],
    ['sound by inactive', inSections('audio', (section) => section.replace('a=recvonly', 'a=inactive')), [102]],
    ['video by inactive', inSections('video', (section) => section.replace('a=recvonly', 'a=inactive')), [111]],
    ['retransmission', inSections('video', withoutRetransmission), [102, 111]],
    ['the header extension', dropLines(/^a=extmap:/), [102, 111]],
    ['all feedback', dropLines(/^a=rtcp-fb:/), [102, 111]],
  ])('%s', async (_, rewrite, arrived) => {
    expect(await connect(rewrite)).toEqual({ arrived, channel: true });
  });

  it('data channels', async () => {
    expect(await connect(rejected('application'), false)).toEqual({ arrived: [102, 111], channel: false });
  });
});

it('an answer without retransmission has what is missed sent again as it was, one with it as RTX', async () => {
  const { media: without } = await joined(undefined, {}, inSections('video', withoutRetransmission));
  expect(without.video).toBeDefined();
  expect(without.video?.rtx).toBeUndefined();
  const { media } = await joined();
  expect(media.video?.rtx?.payloadTypes).toEqual(new Map([[102, 103]]));
});

it('packets say when they were sent only to a viewer that does not report when they arrived', async () => {
  const { media } = await joined();
  expect(media.video).toMatchObject({ transportSequence: { extensionId: expect.any(Number) as number } });
  expect(media.audio).toMatchObject({ transportSequence: media.video?.transportSequence });
  expect(media.video?.sendTime).toBeUndefined();
  const { media: silent } = await joined(undefined, {}, dropLines(/^a=rtcp-fb:.*transport-cc/));
  expect([silent.video?.transportSequence, silent.audio?.transportSequence]).toEqual([undefined, undefined]);
  expect(silent.video).toMatchObject({ sendTime: { extensionId: expect.any(Number) as number } });
  const { media: partly } = await joined(undefined, {}, inSections('video', dropLines(/^a=rtcp-fb:.*transport-cc/)));
  expect(partly.audio).toMatchObject({ transportSequence: { extensionId: expect.any(Number) as number } });
  expect([partly.video?.transportSequence, partly.video?.sendTime]).toEqual([undefined, undefined]);
});

it('a viewer is told how long to hold back pictures where it takes that, and only of pictures', async () => {
  const { media } = await joined();
  expect(media.video).toMatchObject({ playoutDelay: { extensionId: expect.any(Number) as number } });
  expect(media.audio?.playoutDelay).toBeUndefined();
  const { media: without } = await joined(undefined, {}, dropLines(/^a=extmap:.*playout-delay/));
  expect(without.video?.playoutDelay).toBeUndefined();
});

describe('an answer may say it otherwise', () => {
  it.each<[string, Rewrite, number[]]>([
    ['with payload types of its own', renumbered, [35, 97]],
    ['with its attributes in any order', reversed, [102, 111]],
    ['with the transport once for all sections', transportOfSession, [102, 111]],
    ['with lines that end without carriage return', (answer) => answer.replaceAll('\r\n', '\n'), [102, 111]],
    ['without naming its sources', dropLines(/^a=(ssrc|ssrc-group|msid):/), [102, 111]],
    ['with attributes that nobody knows', inSections('', (section) => `${section}a=x-unknown:1 2 3\r\na=flag\r\n`), [102, 111]],
    ['without ice-options, since its candidates all come along', dropLines(/^a=ice-options:/), [102, 111]],
  ])('%s', async (_, rewrite, arrived) => {
    expect(await connect(rewrite)).toEqual({ arrived, channel: true });
  });
});

it('an answer is taken at once, and the names of its candidates are looked up side by side', async () => {
  const add = vi.spyOn(RemoteCandidates.prototype, 'add').mockReturnValue(new Promise(() => undefined));
  onTestFinished(() => add.mockRestore());
  const { peer } = makePeer();
  const names = ['a', 'b', 'c'].map((name) => `candidate:1 1 udp 2122260223 ${name}.local 50000 typ host`);
  const answer = await makeViewer().answer(await peer.offer(OFFERED));
  await peer.accept(`${answer}${names.map((line) => `a=${line}\r\n`).join('')}`);
  expect(add.mock.calls.map(([{ candidate }]) => candidate)).toEqual(names);
});

describe('an unusable answer is refused with what is wrong with it', () => {
  it.each<[string, Rewrite, RegExp]>([
    ['no fingerprint', (answer) => answer.replace(/^a=fingerprint:.*\r\n/gm, ''), /fingerprint/],
    ['no ICE credentials', (answer) => answer.replace(/^a=ice-(ufrag|pwd):.*\r\n/gm, ''), /ICE/],
    ['fewer sections than the offer', (answer) => answer.replace(/^m=application[\s\S]*/m, ''), /section/],
    ['sections of other kinds', (answer) => answer.replace('m=video', 'm=audio'), /section/],
    ['no names of its sections', dropLines(/^a=mid:/), /a=mid/],
    ['H.264 in packetization mode 0', (answer) => answer.replace('packetization-mode=1', 'packetization-mode=0'), /mode 1/],
    ['no picture codec that was offered', inSections('video', (section) => section.replaceAll('H264', 'VP8')), /H\.264/],
    ['no sound codec that was offered', inSections('audio', (section) => section.replace(/opus|PCM[UA]/g, 'G722')), /codec/],
  ])('%s', async (_, rewrite, said) => {
    const { peer } = makePeer();
    const answer = await makeViewer().answer(await peer.offer(OFFERED));
    const accepted = peer.accept(rewrite(answer));
    await expect(accepted).rejects.toMatchObject({ code: 'session.answer' });
    await expect(accepted).rejects.toThrow(said);
  });
});
