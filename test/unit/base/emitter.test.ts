import { afterEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../../src/base/emitter.ts';

type Events = { frame: [number: number, key: boolean]; end: [] };

afterEach(() => void vi.unstubAllGlobals());

describe('an emitter', () => {
  it('calls its listeners in their order, with the values', () => {
    const emitter = new Emitter<Events>();
    const heard: unknown[] = [];
    emitter.on('frame', (...values) => heard.push(['first', ...values]));
    emitter.on('frame', (...values) => heard.push(['second', ...values]));
    emitter.on('end', () => heard.push('end'));
    emitter.emit('frame', 7, true);
    expect(heard).toEqual([
      ['first', 7, true],
      ['second', 7, true],
    ]);
  });

  it('forgets a listener that was removed, also one that removes itself while called', () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    const off = emitter.on('end', () => {
      heard.push('once');
      off();
    });
    emitter.on('end', () => heard.push('always'));
    emitter.emit('end');
    emitter.emit('end');
    expect(heard).toEqual(['once', 'always', 'always']);
    emitter.removeAllListeners();
    emitter.emit('end');
    expect(heard).toHaveLength(3);
  });

  it('goes on when a listener throws, and does not swallow the error', () => {
    const rethrown: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => rethrown.push(task));
    const emitter = new Emitter<Events>();
    const after = vi.fn<() => void>();
    emitter.on('end', () => {
      throw new Error('of the listener');
    });
    emitter.on('end', after);
    emitter.emit('end');
    expect(after).toHaveBeenCalledOnce();
    expect(rethrown).toHaveLength(1);
    expect(rethrown[0]).toThrow('of the listener');
  });
});
