import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { EventDocuments, type EventListener } from '../../../src/plane/event-documents.ts';
import type { MediaMessage } from '../../../src/plane/messages.ts';

class FakeViewer implements EventListener {
  listens: boolean;
  readonly received: Buffer[] = [];

  constructor(listens = true) {
    this.listens = listens;
  }

  get documents(): string[] {
    return this.received.map((gzipped) => gunzipSync(gzipped).toString());
  }

  send(gzipped: Buffer): void {
    this.received.push(gzipped);
  }
}

function setUp(): { subject: EventDocuments; said: string[] } {
  const said: string[] = [];
  const post = (message: MediaMessage): void => {
    if (message.type === 'metadata.listener') said.push(`${message.cameraId} ${message.sessionId} ${message.listens}`);
  };
  return { subject: new EventDocuments('yard', post), said };
}

describe('documents of events', () => {
  it('go to all who listen, compressed once', async () => {
    const { subject } = setUp();
    const [a, b, other] = [new FakeViewer(), new FakeViewer(), new FakeViewer(false)];
    subject.join('a', a);
    subject.join('b', b);
    subject.join('c', other);
    subject.take('<first/>');
    subject.take('<second/>');
    await vi.waitFor(() => expect(a.documents).toEqual(['<first/>', '<second/>']));
    expect(b.received[0]).toBe(a.received[0]);
    expect(b.documents).toEqual(a.documents);
    expect(other.documents).toEqual([]);
  });

  it('for one session go to that alone, in the order of all', async () => {
    const { subject } = setUp();
    const [a, b] = [new FakeViewer(), new FakeViewer()];
    subject.join('a', a);
    subject.join('b', b);
    subject.take('<states/>', 'b');
    subject.take('<change/>');
    await vi.waitFor(() => expect(a.documents).toEqual(['<change/>']));
    expect(b.documents).toEqual(['<states/>', '<change/>']);
  });

  it('have the control plane told who listens: from the first moment to the last, also where what a stream carries changes', () => {
    const { subject, said } = setUp();
    const [a, b] = [new FakeViewer(), new FakeViewer(false)];
    subject.join('a', a);
    subject.join('b', b);
    expect(said).toEqual(['yard a true']);
    a.listens = false;
    b.listens = true;
    subject.review();
    subject.review();
    expect(said.slice(1)).toEqual(['yard a false', 'yard b true']);
    subject.leave('a');
    subject.leave('b');
    subject.leave('b');
    expect(said.slice(3)).toEqual(['yard b false']);
  });

  it('have it told again of who opens another channel, which has no states yet; not of who only closes the one', () => {
    const { subject, said } = setUp();
    const viewer = new FakeViewer();
    subject.join('a', viewer);
    subject.join('a', viewer);
    expect(said).toEqual(['yard a true', 'yard a true']);
    viewer.listens = false;
    subject.join('a', viewer);
    subject.join('a', viewer);
    expect(said.slice(2)).toEqual(['yard a false']);
  });

  it('do not reach who left while they were compressed', async () => {
    const { subject } = setUp();
    const [a, b] = [new FakeViewer(), new FakeViewer()];
    subject.join('a', a);
    subject.join('b', b);
    // Large enough to be compressed by another thread.
    const large = `<a>${'x'.repeat(50_000)}</a>`;
    subject.take(large);
    subject.leave('a');
    await vi.waitFor(() => expect(b.documents).toEqual([large]));
    expect(a.documents).toEqual([]);
  });
});
