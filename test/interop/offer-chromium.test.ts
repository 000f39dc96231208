import { parse } from 'sdp-transform';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DevicePeer } from '../../src/peer/webrtc/device-peer.ts';
import { readAnswer } from '../../src/peer/webrtc/answer.ts';
import type { AudioCodec, VideoCodec } from '../../src/media/viewer-codecs.ts';
import type { OfferedAudio } from '../../src/peer/webrtc/offer.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';

/* What a real browser reads in the offers, and whether we read its answers; nothing is connected. */

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

/** What Chromium understood of an offer. */
interface Understood {
  canTrickle: boolean | null;
  /** Kind and direction of each transceiver, as the browser would answer by itself: it only listens. */
  transceivers: string[];
  /** Codecs that the browser would send with, by preference; those of the sound. */
  sendCodecs: string[];
  streams: number;
  answer: string;
}

async function offer(audio: OfferedAudio | undefined, video: readonly VideoCodec[] = ['H264']): Promise<string> {
  const nothing = (): void => undefined;
  const peer = new DevicePeer({
    ice: { advertise: [], loopbackOnly: true, iceServers: [] },
    iceServers: [],
    onCandidate: nothing,
    onConnected: nothing,
    onRtcp: nothing,
    onRestartOffer: nothing,
    onPathFound: nothing,
    onDataChannel: nothing,
    onDisconnected: nothing,
  });
  onTestFinished(() => peer.close());
  return peer.offer({ video, audio });
}

/** @param speaks the browser has a microphone for a section that it is asked for sound in */
async function understand(sdp: string, speaks: boolean): Promise<Understood> {
  const page = await browser.context.newPage();
  onTestFinished(() => page.close());
  return page.evaluate(
    async ({ text, withMicrophone }) => {
      const connection = new RTCPeerConnection();
      const streams = new Set<string>();
      connection.addEventListener('track', (event) => event.streams.forEach(({ id }) => streams.add(id)));
      await connection.setRemoteDescription({ type: 'offer', sdp: text });
      const tracks = new AudioContext().createMediaStreamDestination().stream.getAudioTracks();
      const transceivers = connection.getTransceivers().map(({ receiver, direction }) => `${receiver.track.kind} ${direction}`);
      const audio = connection.getTransceivers().find(({ receiver }) => receiver.track.kind === 'audio');
      if (withMicrophone && audio !== undefined) {
        audio.direction = 'sendrecv';
        await audio.sender.replaceTrack(tracks[0] ?? null);
      }
      await connection.setLocalDescription();
      const understood = {
        canTrickle: connection.canTrickleIceCandidates,
        transceivers,
        sendCodecs: audio?.sender.getParameters().codecs.map(({ mimeType }) => mimeType) ?? [],
        streams: streams.size,
        answer: connection.localDescription?.sdp ?? '',
      };
      connection.close();
      return understood;
    },
    { text: sdp, withMicrophone: speaks },
  );
}

describe('an offer of the device in Chromium', () => {
  const codecs: AudioCodec[] = ['PCMU', 'PCMA', 'OPUS'];

  it('is understood whole: trickle, picture, sound and data channels, in one stream', async () => {
    const understood = await understand(await offer({ direction: 'sendonly', codecs }), false);
    expect(understood.canTrickle).toBe(true);
    expect(understood.transceivers).toEqual(['video recvonly', 'audio recvonly']);
    expect(understood.streams).toBe(1);
    const answer = readAnswer(understood.answer, ['H264']);
    expect(answer.video).toMatchObject({ retransmissions: new Map([[102, 103]]), midExtensionId: expect.any(Number) as number });
    expect([...(answer.audio?.payloadTypes.keys() ?? [])].sort()).toEqual(['OPUS', 'PCMA', 'PCMU']);
    expect([answer.dataChannels, answer.talk.size]).toEqual([true, 0]);
    const [video, sound] = [answer.video, answer.audio].map((media) => media?.transportSequenceExtensionId);
    expect(video).toBeGreaterThan(0);
    expect(sound).toBe(video);
    expect(understood.answer).toContain('a=rtcp-rsize');
  });

  it.each<[OfferedAudio['direction'], string, boolean]>([
    ['sendrecv', 'sendrecv', true],
    ['recvonly', 'sendonly', false],
  ])('that takes sound back (%s) is answered with G.711 first, which was preferred', async (direction, answered, heard) => {
    const sdp = await offer({ direction, codecs });
    const understood = await understand(sdp, true);
    expect(parse(understood.answer).media.map((section) => section.direction)).toEqual(['recvonly', answered, undefined]);
    expect(understood.sendCodecs[0]).toBe('audio/PCMU');
    const answer = readAnswer(understood.answer, ['H264']);
    expect(answer.talk.get(0)).toBe('PCMU');
    expect(answer.audio !== undefined).toBe(heard);
  });

  it('with H.265 in front of H.264 is answered with what this Chromium plays, H.264, and its retransmission', async () => {
    const understood = await understand(await offer(undefined, ['H265', 'H264']), false);
    const { video } = readAnswer(understood.answer, ['H265', 'H264']);
    expect(video?.payloadTypes).toEqual(new Map([['H264', 102]]));
    expect(video?.retransmissions.get(102)).toBe(103);
  });

  it('without sound has none', async () => {
    const understood = await understand(await offer(undefined), false);
    expect(understood.transceivers).toEqual(['video recvonly']);
    expect(readAnswer(understood.answer, ['H264']).dataChannels).toBe(true);
  });
});
