import { Failure } from '../../case.ts';
import { expectThat, show } from '../../check.ts';
import { type DeviceCase, type DeviceContext, requires } from '../context.ts';
import { attribute, codecsOf, directionOf, type MediaSection, readSdp, type SessionDescription, valuesOf } from '../sdp.ts';

/** ONVIF's own data channel subprotocols (6.7.2). */
const ONVIF_SUBPROTOCOLS: readonly string[] = ['vnd.onvif.metadata+gzip'];
const ONVIF_PREFIX = 'vnd.onvif';
const AUDIO_DIRECTIONS: readonly string[] = ['sendonly', 'recvonly', 'sendrecv'];

/** Lines of the offer; all of them look at the same offer. */
export const OFFER_CASES: DeviceCase[] = [
  offerCase('offer-crlf', '5.2', 'The offer is SDP with \\r\\n at the end of each line', ({ text }) => {
    expectThat(text.startsWith('v=0'), 'the offer to begin with v=0', text.slice(0, 40));
    expectThat(text.endsWith('\r\n'), 'the last line of the offer to end with \\r\\n', JSON.stringify(text.slice(-40)));
    const bare = text.split('\r\n').find((line) => /[\r\n]/.test(line));
    expectThat(bare === undefined, 'no line end but \\r\\n', JSON.stringify(bare));
  }),
  offerCase('offer-trickle', '5.2.5', 'The offer says that it trickles: a=ice-options:trickle', ({ sdp }) => {
    eachSection(sdp, 'a=ice-options with trickle', (section) =>
      attribute(sdp, section, 'ice-options').some((options) => options.split(' ').includes('trickle')),
    );
  }),
  offerCase(
    'offer-setup',
    '5.2.5',
    'The offer leaves the DTLS role to the answerer: a=setup:actpass (RFC 8829 section 5.2.1)',
    ({ sdp }) => {
      eachSection(sdp, 'a=setup:actpass', (section) => attribute(sdp, section, 'setup').join() === 'actpass');
    },
  ),
  offerCase(
    'offer-bundle',
    '5.2.5',
    'All media sections have a mid and are bundled: a=group:BUNDLE (RFC 8829 section 5.2.1)',
    ({ sdp }) => {
      const group = valuesOf(sdp.lines, 'group').find((value) => value.startsWith('BUNDLE')) ?? '';
      const bundled = new Set(group.split(' ').slice(1));
      eachSection(sdp, `a=mid that is named in a=group:${group || 'BUNDLE'}`, ({ lines }) =>
        bundled.has(valuesOf(lines, 'mid')[0] ?? ''),
      );
    },
  ),
  offerCase(
    'offer-rtcp-mux',
    '5.2.5',
    'RTP and RTCP share a port: a=rtcp-mux in each audio and video section (RFC 8829 section 5.2.1)',
    ({ sdp }) => {
      eachSection(sdp, 'a=rtcp-mux', ({ kind, lines }) => kind === 'application' || lines.includes('a=rtcp-mux'));
    },
  ),
  offerCase(
    'offer-ice-credentials',
    '5.2.5',
    'ice-ufrag has 4 to 256 characters, ice-pwd 22 to 256 (RFC 8839 section 5.4)',
    ({ sdp }) => {
      eachSection(sdp, 'a=ice-ufrag of 4 to 256 characters', (section) => hasLength(attribute(sdp, section, 'ice-ufrag')[0], 4));
      eachSection(sdp, 'a=ice-pwd of 22 to 256 characters', (section) => hasLength(attribute(sdp, section, 'ice-pwd')[0], 22));
    },
  ),
  offerCase(
    'offer-fingerprint',
    '5.2.5',
    'The offer has the fingerprint of the DTLS certificate, by SHA-256 or stronger (RFC 8829 section 5.2.1)',
    ({ sdp }) => {
      const isStrong = (value: string): boolean => /^sha-(256|384|512) [\dA-F]{2}(:[\dA-F]{2}){31,63}$/i.test(value);
      eachSection(sdp, 'a=fingerprint:sha-256', (section) => attribute(sdp, section, 'fingerprint').some(isStrong));
    },
  ),
  {
    ...offerCase('offer-video-codec', '6.5', 'H.264 is among the codecs of the picture', ({ sdp }) => {
      const codecs = sectionsOf(sdp, 'video', 'picture').flatMap(codecsOf);
      expectThat(codecs.includes('H264'), 'H264 among the codecs', codecs);
    }),
    level: 'should',
  },
  {
    ...offerCase('offer-audio-codec', '6.6', 'Opus or PCMU is among the codecs of the sound', ({ sdp }) => {
      const codecs = sectionsOf(sdp, 'audio', 'sound').flatMap(codecsOf);
      expectThat(codecs.includes('OPUS') || codecs.includes('PCMU'), 'OPUS or PCMU among the codecs', codecs);
    }),
    level: 'should',
  },
  offerCase('offer-audio-direction', '6.6', 'The audio track says sendonly, recvonly or sendrecv', ({ sdp }) => {
    const directions = sectionsOf(sdp, 'audio', 'sound').map((section) => directionOf(sdp, section));
    expectThat(
      directions.every((direction) => AUDIO_DIRECTIONS.includes(direction)),
      `one of ${AUDIO_DIRECTIONS.join(', ')}`,
      directions,
    );
  }),
  offerCase('offer-audio-profile', '6.6', 'The audio track has the direction that the profile asks for', ({ sdp, context }) => {
    const { profileAudio } = context.settings;
    requires(profileAudio !== undefined, 'no --profile-audio was given, so the kit does not know what the profile has');
    const directions = sdp.media
      .filter(({ kind, port }) => kind === 'audio' && port !== 0)
      .map((section) => directionOf(sdp, section));
    const expected = profileAudio === 'none' ? [] : [profileAudio];
    expectThat(
      directions.join() === expected.join(),
      expected.length === 0 ? 'no audio track' : `an audio track that is ${profileAudio}`,
      directions,
    );
  }),
  offerCase(
    'offer-application',
    '6.7.1',
    'A device with data channels offers a section for them: m=application with webrtc-datachannel',
    async (offered) => {
      const { sdp, subprotocols, context } = offered;
      const announced = (await context.capabilities()).includes('subProtocols');
      requires(announced || subprotocols.length > 0, 'the device announces no data channel subprotocols');
      const sections = sdp.media.filter(({ kind }) => kind === 'application');
      const isDataChannel = ({ protocol, formats, lines }: MediaSection): boolean =>
        /^(UDP|TCP)\/DTLS\/SCTP$/.test(protocol) &&
        formats.includes('webrtc-datachannel') &&
        valuesOf(lines, 'sctp-port').length > 0;
      const described = sections.map(({ protocol, formats }) => `m=application ${protocol} ${formats.join(' ')}`);
      expectThat(sections.some(isDataChannel), 'm=application UDP/DTLS/SCTP webrtc-datachannel with a=sctp-port', described);
    },
  ),
  offerCase('subprotocol-names', '6.7.1', "Subprotocols with the prefix vnd.onvif are ONVIF's own", ({ subprotocols }) => {
    requires(subprotocols.length > 0, 'the device lists no data channel subprotocols');
    const unknown = subprotocols.filter((name) => name.startsWith(ONVIF_PREFIX) && !ONVIF_SUBPROTOCOLS.includes(name));
    expectThat(unknown.length === 0, `of names with vnd.onvif none but ${ONVIF_SUBPROTOCOLS.join(', ')}`, unknown);
  }),
];

interface Offered {
  text: string;
  sdp: SessionDescription;
  subprotocols: string[];
  context: DeviceContext;
}

function offerCase(id: string, clause: string, title: string, check: (offered: Offered) => void | Promise<void>): DeviceCase {
  return {
    id,
    clause,
    level: 'shall',
    title,
    async run(context) {
      const { offer, subprotocols } = await context.offer();
      await check({ text: offer, sdp: readSdp(offer), subprotocols, context });
    },
  };
}

/** Rejected sections say nothing. */
function eachSection(sdp: SessionDescription, expected: string, holds: (section: MediaSection) => boolean): void {
  if (sdp.media.length === 0) throw new Failure('media sections', 'an offer without any');
  const wrong = sdp.media.find((section) => !holds(section));
  if (wrong !== undefined)
    throw new Failure(`${expected} in each media section`, `m=${wrong.kind} with ${show(wrong.lines.join(', '))}`);
}

function sectionsOf(sdp: SessionDescription, kind: string, what: string): MediaSection[] {
  const sections = sdp.media.filter((section) => section.kind === kind && section.port !== 0);
  requires(sections.length > 0, `the offer has no ${what}`);
  return sections;
}

const hasLength = (value: string | undefined, min: number): boolean =>
  value !== undefined && value.length >= min && value.length <= 256;
