import { expect, it, vi } from 'vitest';
import { APPLICATION_DATA, type DtlsRecord, isDtls, recordsComing, reusedNumbers } from './dtls-records.ts';
import { type Told, joined, makeViewer, type LoopbackViewer, WAIT } from './loopback-viewer.ts';

const HANDSHAKE = 22;

interface Watched {
  told: Told;
  viewer: LoopbackViewer;
  /** By DTLS, from before the first ClientHello. */
  came: DtlsRecord[];
  sent: Buffer[];
}

async function watched(): Promise<Watched> {
  const viewer = makeViewer();
  let came: DtlsRecord[] = [];
  const sent: Buffer[] = [];
  const { told } = await joined(viewer, {}, (answer) => {
    came = recordsComing(viewer.transport);
    const { connection } = viewer.transport.iceTransport;
    const send = connection.send.bind(connection);
    connection.send = (datagram, ...rest) => {
      if (isDtls(datagram)) sent.push(Buffer.from(datagram));
      return send(datagram, ...rest);
    };
    return answer;
  });
  return { told, viewer, came, sent };
}

/** The device sends so many messages over a channel of the viewer's, and all of them come. */
async function exchange({ viewer, told }: Watched, messages: number): Promise<void> {
  const before = told.channels.length;
  const channel = await viewer.openChannel('x');
  let arrived = 0;
  channel.onMessage.subscribe(() => void (arrived += 1));
  const opened = await vi.waitUntil(() => told.channels[before], WAIT);
  for (let message = 0; message < messages; message += 1) opened.send(Buffer.from(`message ${message}`));
  await vi.waitFor(() => expect(arrived).toBe(messages), WAIT);
}

it('no two records of a connection have one number, for the other side takes the second for a replay', async () => {
  const connection = await watched();
  await exchange(connection, 20);
  expect(connection.came.filter(({ type }) => type === APPLICATION_DATA).length).toBeGreaterThan(20);
  expect(reusedNumbers(connection.came)).toEqual([]);
});

it('a ClientHello, which anybody can have sent, changes nothing of a connection that stands', async () => {
  const connection = await watched();
  const hello = connection.sent.find((datagram) => datagram[0] === HANDSHAKE);
  if (hello === undefined) throw new Error('the viewer has sent no handshake');
  const before = connection.came.length;
  await connection.viewer.transport.iceTransport.connection.send(hello);
  await exchange(connection, 20);
  expect(connection.came.slice(before).filter(({ type }) => type === HANDSHAKE)).toEqual([]);
});
