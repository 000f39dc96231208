import { describe, expect, it } from 'vitest';
import { fuzz, type FuzzOptions } from './fuzz.ts';

const FAULTY: FuzzOptions = { targets: new URL('faulty-targets.ts', import.meta.url), seed: 1, inputs: 5000 };

describe('parsers of bytes from outside', () => {
  it('keep their promises on 20,000 changed inputs', async () => {
    const { findings, progress } = await fuzz({
      targets: new URL('targets.ts', import.meta.url),
      seed: 20_261_121,
      inputs: 20_000,
    });
    expect(findings).toEqual([]);
    expect(progress.every(({ inputs }) => inputs >= 100)).toBe(true);
    expect(progress.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThanOrEqual(20_000);
  });
});

describe('the fuzzer', () => {
  it('finds what throws, with the input that shows it again', async () => {
    const [finding] = (await fuzz({ ...FAULTY, only: 'throws' })).findings;
    expect(finding?.what).toContain('TypeError: length out of range');
    expect(Buffer.from(finding?.input ?? '', 'base64').toString()).toContain(': 4294967296');
    const again = await fuzz({ ...FAULTY, only: 'throws', input: finding?.input ?? '' });
    expect(again.findings.map(({ input }) => input)).toEqual([finding?.input]);
  });

  it('finds the same by the same seed, and other things by another', async () => {
    const inputs = async (seed: number): Promise<string[]> => {
      return (await fuzz({ ...FAULTY, only: 'throws', seed })).findings.map(({ input }) => input);
    };
    const first = await inputs(1);
    expect(first.length).toBeGreaterThan(0);
    expect(await inputs(1)).toEqual(first);
    expect(await inputs(2)).not.toEqual(first);
  });

  it('finds a rejection that nobody holds', async () => {
    const { findings } = await fuzz({ ...FAULTY, only: 'rejects-later' });
    expect(findings[0]?.what).toContain('nobody holds this');
  });

  it('finds and ends what hangs', async () => {
    const { findings } = await fuzz({ ...FAULTY, only: 'hangs', hangMs: 1000 });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ target: 'hangs', what: 'no end after 1 s' });
    expect(
      Buffer.from(findings[0]?.input ?? '', 'base64')
        .toString()
        .trim(),
    ).toBe('');
  });

  it('sees a heap that grows', async () => {
    const { heap } = await fuzz({ ...FAULTY, only: 'leaks' });
    // From round 20 on 2900 more inputs of 8 KiB are kept.
    expect(heap[1] - heap[0]).toBeGreaterThan(20 * 1024 * 1024);
  });

  it('says that there is no target of a name', async () => {
    const { findings } = await fuzz({ ...FAULTY, only: 'nobody' });
    expect(findings[0]?.what).toContain('there is no target nobody');
  });
});
