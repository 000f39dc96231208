import { expect, vi } from 'vitest';
import { type DeviceCase, DeviceRun } from '../../../../src/conformance/device/context.ts';
import type { DeviceSettings } from '../../../../src/conformance/device/settings.ts';
import { DeviceStation } from '../../../../src/conformance/device/station.ts';
import { type CaseResult, runCases } from '../../../../src/conformance/runner.ts';
import { Transcript } from '../../../../src/conformance/transcript.ts';
import { HeadlessPeerConnection } from '../../../../src/peer/webrtc/headless/peer-connection.ts';
import { FakeDevice, type FakeDeviceOptions } from './fake-device.ts';
import { Neighbour } from './neighbour.ts';

const TOKEN = 'device-token';

/** Generous where an answer comes, since the machine may be busy; short where nothing comes. */
export const PATIENT: DeviceSettings = {
  timing: { answerMs: 10_000, settleMs: 300, mediaMs: 20_000, reconnectMs: 20_000, stableMs: 0, expirySeconds: 3 },
  token: TOKEN,
  profile: 'main',
  profileAudio: 'sendonly',
};

/** Runs cases against a fake device of their own, beside which others register at the kit. */
export async function runAgainstFake(
  cases: readonly DeviceCase[],
  { neighbours = 0, ...options }: Pick<FakeDeviceOptions, 'fault' | 'keyframeMs'> & { neighbours?: number } = {},
  settings: DeviceSettings = PATIENT,
): Promise<CaseResult[]> {
  const transcript = new Transcript([TOKEN]);
  const station = await new DeviceStation({ host: '127.0.0.1', port: 0, transcript }).listen();
  const device = new FakeDevice({ url: station.urlFor('127.0.0.1'), token: TOKEN, ...options });
  const kit = new DeviceRun({
    station,
    settings,
    createPeer: ({ iceServers }) => new HeadlessPeerConnection({ iceServers, onFirstFrame: () => undefined }),
  });
  const others: Neighbour[] = [];
  try {
    device.start();
    if (neighbours > 0) {
      await station.until('the device', () => station.registered, settings.timing.reconnectMs);
      for (let number = 1; number <= neighbours; number += 1) {
        others.push(new Neighbour(station.urlFor('127.0.0.1'), `Neighbour ${number}`));
      }
      await vi.waitFor(() => expect(others.every(({ answers }) => answers > 0)).toBe(true));
    }
    return await runCases({ cases, transcript, prepare: (each) => kit.prepare(each), limitMs: 60_000 });
  } finally {
    device.close();
    for (const other of others) other.close();
    await station.close();
  }
}
