import { describe, expect, it } from 'vitest';
import { createLogger, redactUrl, silentLogger } from '../../../src/base/log.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void, level?: 'debug' | 'warn'): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ destination: { write: (line) => lines.push(line) }, ...(level === undefined ? {} : { level }) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('writes one JSON object a line, with an ISO time and the fields', () => {
    const [line] = logged((logger) => logger.info({ camera: 'front-door' }, 'online'));
    expect(line).toMatchObject({ camera: 'front-door', msg: 'online' });
    expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time']);
  });

  it('says nothing below its level', () => {
    const write = (logger: ReturnType<typeof createLogger>): void => {
      logger.debug('d');
      logger.info('i');
      logger.warn('w');
    };
    expect(logged(write).map(({ msg }) => msg)).toEqual(['i', 'w']);
    expect(logged(write, 'warn').map(({ msg }) => msg)).toEqual(['w']);
    expect(silentLogger.isLevelEnabled('fatal')).toBe(false);
  });

  it.each(['password', 'token', 'authorization', 'credential', 'credentials', 'secret', 'access_token'])('redacts %s', (key) => {
    const lines = logged((logger) => {
      logger.info({ [key]: 's3cret' });
      logger.info({ camera: { [key]: 's3cret' } });
      logger.info({ camera: { source: { [key]: 's3cret' } } });
      logger.child({ [key]: 's3cret' }).info('of a child');
    });
    expect(lines).toHaveLength(4);
    expect(JSON.stringify(lines)).not.toContain('s3cret');
    expect(lines[0]?.[key]).toBe('[redacted]');
  });
});

describe('a URL in a log', () => {
  it.each([
    ['rtsp://10.0.0.1:554/stream1', 'rtsp://10.0.0.1:554/stream1'],
    ['rtsp://admin:s3cret@10.0.0.1/1', 'rtsp://***@10.0.0.1/1'],
    ['wss://s.example/onvif?token=s3cret&x=1#s3cret', 'wss://s.example/onvif?token=***&x=***'],
    [
      'rtsp://10.0.0.1/user=admin&password=s3cret&channel=1&stream=0.sdp',
      'rtsp://10.0.0.1/user=***&password=***&channel=1&stream=0.sdp',
    ],
    ['rtsp://10.0.0.1/user=admin_password=s3cret_channel=1', 'rtsp://10.0.0.1/user=***'],
    ['rtsp://admin:s3cret', '(not a URL)'],
  ])('%s is %s', (url, expected) => expect(redactUrl(url)).toBe(expected));
});
