import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { createLogger, type Logger } from '../../../src/base/log.ts';
import { relayLog } from '../../../src/plane/worker-log.ts';
import { recordingLogger } from '../../support/site.ts';

const ERROR = new GatewayError('a.b', 'what', { cause: new Error('why') });

/** The same, said by this thread, and by a worker whose lines come over. */
function both(say: (logger: Logger) => void): { here: unknown; relayed: unknown } {
  const main = recordingLogger((destination) => createLogger({ level: 'trace', destination }));
  const relay = relayLog(main.logger);
  const worker = createLogger({ level: 'trace', destination: { write: relay } });
  say(main.logger);
  say(worker);
  const [here, relayed] = main.lines.map((line) => ({ ...line, time: undefined }));
  return { here, relayed };
}

describe("a line of a worker's log", () => {
  it.each<[string, (logger: Logger) => void]>([
    ['with fields', (logger) => logger.warn({ camera: 'yard', n: 1 }, 'text')],
    ['of a child', (logger) => logger.child({ camera: 'yard' }).debug({ profile: 'main' }, 'text')],
    ['with an error', (logger) => logger.error({ err: ERROR }, 'text')],
    ['without a text', (logger) => logger.info({ a: 1 })],
    ['of the lowest level', (logger) => logger.trace('text')],
    ['of the highest level', (logger) => logger.fatal('text')],
  ])('%s is as one of this thread', (_, say) => {
    const { here, relayed } = both((logger) => say(logger));
    expect(relayed).toBeDefined();
    expect(relayed).toEqual(here);
  });

  it('says no secret', () => {
    const { relayed } = both((logger) => logger.info({ credentials: { password: 'p4' }, token: 't4' }, 'text'));
    expect(JSON.stringify(relayed)).not.toMatch(/[pt]4/);
  });

  it('below the level of the log is left out', () => {
    const { logger, lines } = recordingLogger((destination) => createLogger({ level: 'warn', destination }));
    relayLog(logger)('{"level":30,"msg":"text"}');
    expect(lines).toEqual([]);
  });
});
