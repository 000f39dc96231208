import { describe, expect, it } from 'vitest';
import { Transcript } from '../../../src/conformance/transcript.ts';

describe('the transcript of a case', () => {
  it('shows no token, neither those that are known nor what stands where tokens do', () => {
    const transcript = new Transcript(['s3cret']);
    transcript.add('a -> b', '{"params":{"authorization":"abc\\"def","name":"s3cret door"}}');
    transcript.add('a -> b', '{"iceServers":[{"urls":["turn:x"],"username":"u","credential":"pw"}]}');
    transcript.note('GET /signaling?access_token=abc&x=1 with Authorization: Bearer abc.def');
    const said = transcript.lines.map(({ text }) => text);
    expect(said).toEqual([
      '{"params":{"authorization":"***","name":"*** door"}}',
      '{"iceServers":[{"urls":["turn:x"],"username":"u","credential":"***"}]}',
      'GET /signaling?access_token=***&x=1 with Authorization: Bearer ***',
    ]);
  });

  it('keeps the last 200 lines and says how many it left out', () => {
    const transcript = new Transcript();
    for (let count = 1; count <= 203; count += 1) transcript.note(`line ${count}`);
    expect(transcript.lines).toHaveLength(201);
    expect(transcript.lines[0]?.text).toBe('(3 earlier lines left out)');
    expect(transcript.lines[1]?.text).toBe('line 4');
    expect(transcript.lines.at(-1)?.text).toBe('line 203');
  });

  it('cuts a long line and says how long it was', () => {
    const transcript = new Transcript();
    transcript.note('x'.repeat(5000));
    expect(transcript.lines[0]?.text).toMatch(/^x{4000} \.\.\. \(5000 characters\)$/);
  });

  it('begins anew with a case', () => {
    const transcript = new Transcript();
    transcript.note('before');
    transcript.clear();
    expect(transcript.lines).toEqual([]);
  });
});
