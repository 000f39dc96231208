import { beforeAll, describe, expect, it } from 'vitest';
import { DEVICE_CASES } from '../../../../src/conformance/device/cases/index.ts';
import type { DeviceSettings } from '../../../../src/conformance/device/settings.ts';
import type { CaseResult } from '../../../../src/conformance/runner.ts';
import { PATIENT, runAgainstFake } from './run-against-fake.ts';

/*
 * The kit is proved by a device written from the text of the specification, which can be broken for each case: the case fails then, and for
 * the reason that it is about; without a fault all pass.
 */

/** What a fault makes to be waited for in vain, with how long that may take. */
const IN_VAIN: Readonly<Record<string, Partial<DeviceSettings['timing']>>> = {
  ...inVain({ answerMs: 2000 }, [
    'connect-again',
    'trickle-malformed',
    'extend-holds',
    'expiry-enforced',
    'expiry-absent',
    'pli-keyframe',
    'fir-keyframe',
    'channel-unknown-closed',
    'channel-unanswered-closed',
    'peer-disconnected-live',
    'parse-error',
    'media-survive-signaling-loss',
  ]),
  ...inVain({ mediaMs: 3000 }, [
    'connect-ice-servers',
    'session-live',
    'trickle-end',
    'trickle-before-answer',
    'host-candidate',
    'srflx-candidate',
    'relay-candidate',
    'turn-password',
    'active-tcp',
    'channel-served',
  ]),
  ...inVain({ reconnectMs: 3000 }, [
    'error-survived',
    'batch-survived',
    'bad-params-survived',
    'binary-frame-survived',
    'huge-frame-survived',
    'reconnect',
  ]),
};

function inVain(timing: Partial<DeviceSettings['timing']>, ids: string[]): Record<string, Partial<DeviceSettings['timing']>> {
  return Object.fromEntries(ids.map((id) => [id, timing]));
}

/** What each case says of a device that is broken for it. */
const FAULTS: Readonly<Record<string, RegExp>> = {
  'handshake-subprotocol': /webrtc\.onvif\.org among the subprotocols asked for; got: \[\]/,
  'handshake-token': /got: a handshake without either/,
  'register-first': /register as the first message; got: .*"hello"/,
  'register-jsonrpc': /the params of register to be an object; got: \["Fake device"\]/,
  'register-params': /"name" to be a string; got: 7/,
  'register-capabilities': /got: \["telepathy"\]/,
  'connect-answer': /a result of connect; got: .*"error"/,
  'connect-capabilities': /\["extend","subProtocols"\], as in register; got: \["extend"\]/,
  'connect-profile': /a result of connect; got: .*404/,
  'connect-unknown-profile': /an error as the answer to connect with an unknown profile; got: .*"result"/,
  'connect-ice-servers': /the device to ask one of the servers .* no request came/,
  'invite-follows-connect': /got: an invite before the answer/,
  'connect-several': /error 480 or 1001 as the answer to a second connect; got: .*-32603/,
  'connect-again': /an answer to connect within .* got: nothing/,
  'session-live': /the media connection to stand within .* it is connecting/,
  'invite-message': /"subprotocols" to be an array of strings; got: vnd\.onvif\.metadata\+gzip/,
  'invite-error-400': /no trickle for the session; got: .*"trickle"/,
  'invite-error-408': /no trickle for the session; got: .*"trickle"/,
  'invite-error-410': /no trickle for the session; got: .*"trickle"/,
  'offer-crlf': /the last line of the offer to end with \\r\\n/,
  'offer-trickle': /a=ice-options with trickle in each media section/,
  'offer-setup': /a=setup:actpass in each media section/,
  'offer-bundle': /a=mid that is named in a=group:BUNDLE/,
  'offer-rtcp-mux': /a=rtcp-mux in each media section/,
  'offer-ice-credentials': /a=ice-pwd of 22 to 256 characters/,
  'offer-fingerprint': /a=fingerprint:sha-256 in each media section/,
  'offer-video-codec': /H264 among the codecs; got: \["H265"\]/,
  'offer-audio-codec': /OPUS or PCMU among the codecs; got: \["PCMA"\]/,
  'offer-audio-direction': /got: \["inactive"\]/,
  'offer-audio-profile': /an audio track that is sendonly; got: \["recvonly"\]/,
  'offer-application': /m=application .*; got: \[\]/,
  'subprotocol-names': /got: \["vnd\.onvif\.made-up"\]/,
  'trickle-notification': /trickle without an id; got: .*999/,
  'trickle-end': /a trickle with an empty candidate within/,
  'trickle-before-answer': /the media connection to stand within .* it is connecting/,
  'trickle-malformed': /error notification 1003 within/,
  'error-notification': /no id in an error notification; got: .*"id":null/,
  'extend-answer': /"expiryTimeSeconds" to be an integer; got: 63/,
  'extend-holds': /media after the first end of an extended session .* no packet/,
  'expiry-enforced': /no media after the expiry of the session within .*; got: [1-9]\d* packets/,
  'expiry-absent': /media of a session without an end .* no packet/,
  'pli-keyframe': /a keyframe soon after PLI; got: none after 3/,
  'fir-keyframe': /a keyframe soon after FIR; got: none after 3/,
  'host-candidate': /a host candidate within/,
  'srflx-candidate': /a server reflexive candidate within/,
  'relay-candidate': /a relay candidate within/,
  'turn-password': /an Allocate request with the password .* [1-9]\d* Allocate requests, none with the password/,
  'active-tcp': /a TCP connection to the passive candidate .* none/,
  'channel-served': /the (data channel to be open|channel to stay open).* it is clos/,
  'channel-unknown-closed': /the device to close the data channel .* it is open/,
  'channel-unanswered-closed': /the device to close the data channel .* it is open/,
  'metadata-gzip': /the first message to begin with a GZIP header \(1f 8b\); got: 3c3f786d6c/,
  'error-survived': /the device to be registered/,
  'peer-disconnected-live': /media after 1002 .* no packet/,
  'unknown-method': /error -32601 .*; got: .*"result":null/,
  'unknown-notification': /no answer to a notification; got: .*-32601/,
  'parse-error': /an error that answers the frame within/,
  'batch-survived': /the device to be registered/,
  'bad-params-survived': /the device to be registered/,
  'binary-frame-survived': /the device to be registered/,
  'huge-frame-survived': /the device to be registered/,
  'media-survive-signaling-loss': /media after the connection was cut .* no packet/,
  reconnect: /the device to connect and register again/,
  'subprotocol-demanded': /no message to a server without the subprotocol; got: .*"register"/,
  'register-refused': /no command after the refused register; got: .*"extend"/,
  'reconnect-intervals': /the last 4 of 8 intervals to be longer than the first 4; got: \d+/,
};

/** At most this many devices at once: they wait most of the time, for what does not come. */
const AT_ONCE = 8;
/** All cases against a device without a fault, in so many runs beside each other. */
const PARTS = 6;
const RUN_LIMIT_MS = 120_000;

describe('conformance device', () => {
  const broken = new Map<string, CaseResult | undefined>();
  const conforming: CaseResult[] = [];
  let endedEarly: CaseResult | undefined;

  beforeAll(async () => {
    const size = Math.ceil(DEVICE_CASES.length / PARTS);
    const work = [
      ...Array.from({ length: PARTS }, (_, part) => async () => {
        conforming.push(...(await runAgainstFake(DEVICE_CASES.slice(part * size, (part + 1) * size))));
      }),
      async () => {
        const settings = { ...PATIENT, timing: { ...PATIENT.timing, expirySeconds: 15 } };
        const cases = DEVICE_CASES.filter(({ id }) => id === 'expiry-enforced');
        [endedEarly] = await runAgainstFake(cases, { fault: 'expiry-early' }, settings);
      },
      ...DEVICE_CASES.map((each) => async () => {
        const settings = { ...PATIENT, timing: { ...PATIENT.timing, ...IN_VAIN[each.id] } };
        broken.set(each.id, (await runAgainstFake([each], { fault: each.id }, settings))[0]);
      }),
    ];
    const takeTurns = async (): Promise<void> => {
      for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
  }, RUN_LIMIT_MS);

  it('passes a device that conforms, in every case', () => {
    expect(conforming.filter(({ result }) => result !== 'pass')).toEqual([]);
    expect(conforming).toHaveLength(DEVICE_CASES.length);
  });

  it('has a fault for every case', () => {
    expect(Object.keys(FAULTS)).toEqual(DEVICE_CASES.map(({ id }) => id));
  });

  it('fails a device that ends a session before its time', () => {
    expect(endedEarly?.message).toMatch(/media until the expiry of the session; got: no packet in the last/);
  });

  it.each(Object.entries(FAULTS))('fails a device that is broken for %s', (id, reason) => {
    const result = broken.get(id);
    expect(result?.message).toMatch(reason);
    expect(result?.result).toBe('fail');
    expect(result?.transcript.length).toBeGreaterThan(0);
  });
});
