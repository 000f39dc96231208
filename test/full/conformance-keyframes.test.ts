import { describe, expect, it } from 'vitest';
import { selectCases } from '../../src/conformance/case.ts';
import { DEVICE_CASES } from '../../src/conformance/device/cases/index.ts';
import type { CaseResult } from '../../src/conformance/runner.ts';
import { PATIENT, runAgainstFake } from '../unit/conformance/device/run-against-fake.ts';

/* A camera sends keyframes by itself too: the kit must not take those for an answer to its requests. */

async function keyframeCase(id: string, keyframeMs: number, settleMs: number, fault?: string): Promise<CaseResult | undefined> {
  const settings = { ...PATIENT, timing: { ...PATIENT.timing, settleMs } };
  const [result] = await runAgainstFake(selectCases(DEVICE_CASES, [id]), { fault, keyframeMs }, settings);
  return result;
}

describe.concurrent.each(['pli-keyframe', 'fir-keyframe'])('%s', (id) => {
  it('fails a device that ignores it, although keyframes come by themselves', async () => {
    const result = await keyframeCase(id, 2000, 1000, id);
    expect(result?.message).toMatch(/got: none after 3 attempts but those that come by themselves/);
    expect(result?.transcript.map(({ text }) => text).join('\n')).toMatch(
      /keyframes come every (1[89]|2[0-3])\d\d ms by themselves/,
    );
  });

  it('fails a device that ignores it, although keyframes come by themselves further apart than is watched for', async () => {
    expect((await keyframeCase(id, 3000, 300, id))?.message).toMatch(/got: none after 3/);
  });

  it('passes a device that obeys it, whether keyframes come by themselves often or seldom', async () => {
    expect(await keyframeCase(id, 2000, 1000)).toMatchObject({ result: 'pass' });
    expect(await keyframeCase(id, 8000, 300)).toMatchObject({ result: 'pass' });
  });

  it('does not apply where keyframes come too often to tell', async () => {
    expect(await keyframeCase(id, 500, 1000)).toMatchObject({
      result: 'not-applicable',
      message: expect.stringMatching(/^keyframes come every \d+ ms by themselves; set the camera to one in 4 s or more/),
    });
  });
});
