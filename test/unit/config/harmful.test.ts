import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';

const CAMERA = 'cameras:\n  - id: a\n    onvif: 192.0.2.1\n';

/** What `check` says of the text, without the file's name. */
function wrongWith(text: string): string[] {
  try {
    parseConfig('f', text, {});
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').map((line) => line.replace(/^f:/, ''));
    throw error;
  }
}

describe('a file that would harm', () => {
  it('is refused when its aliases expand to very much', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${`*${of},`.repeat(8)}]`;
    const levels = [level('b', 'a'), level('c', 'b'), level('d', 'c'), level('e', 'd'), 'cameras: [*e]'];
    expect(wrongWith(['a: &a [x]', ...levels].join('\n'))).toEqual([expect.stringContaining('expand to too much')]);
  });

  it('is refused when it has thousands of aliases, and a site of 500 cameras may share a template', () => {
    const cameras = (count: number): string =>
      ['cameras:', '- &t {id: t, onvif: 192.0.2.1}']
        .concat(Array.from({ length: count }, (_, index) => `- {<<: *t, id: c${index}}`))
        .join('\n');
    expect(wrongWith(cameras(3000))).toEqual([
      '1003:8: is not YAML here: There are more than 1000 aliases; write the values out',
    ]);
    expect(parseConfig('f', cameras(500), {}).cameras).toHaveLength(501);
  });

  it('names each key that stands twice, whatever kind of map it stands in', () => {
    expect(wrongWith('a: 1\nb: {c: 1, d: 2, c: 3}\na: 2').filter((line) => line.includes('keep one of the two'))).toEqual([
      expect.stringMatching(/^2:17: /),
      expect.stringMatching(/^3:1: /),
    ]);
  });

  it('is refused when it is nested very deeply', () => {
    expect(wrongWith('['.repeat(100_000)).every((line) => line.includes('nested too deeply'))).toBe(true);
    expect(wrongWith('a: '.repeat(100_000))).not.toEqual([]);
  });

  it('is refused by its length before it is read', () => {
    expect(() => loadConfig('/dev/zero', {})).toThrow('/dev/zero: is longer than 2 MiB');
  });

  it('cannot reach the prototype of what it is read into', () => {
    expect(wrongWith(`__proto__: {x: 1}\n${CAMERA}`)).toEqual([expect.stringContaining('__proto__: is not a key')]);
  });
});

it('a file that cannot be read says which and how to name another', () => {
  expect(() => loadConfig('/nowhere/gateway.yaml', {})).toThrow(
    '/nowhere/gateway.yaml: the config file does not exist; name one that can be read by --config',
  );
  expect(() => loadConfig(tmpdir(), {})).toThrow('the config file is a folder');
});
