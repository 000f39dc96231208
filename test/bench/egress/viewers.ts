import type { Socket } from 'node:dgram';
import type { RTCPeerConnection } from 'werift';
import { isRtcp } from '../../../src/media/rtp/rtcp.ts';
import type { SrtpProfile } from '../../../src/peer/egress/transport.ts';
import { serve } from '../remote.ts';
import { makeConnection, prepare, transportOf } from './pair.ts';

/* Viewers that are connected and only empty their sockets, in a process of their own. */

export type ViewersFunctions = {
  /** One that takes the offer; its answer with all candidates. */
  answer(offer: { sdp: string; profile: SrtpProfile }): Promise<string>;
  /** RTP packets that came to all of them so far. */
  received(nothing: undefined): number;
};

const connections: RTCPeerConnection[] = [];
let packets = 0;

serve({
  async answer({ sdp, profile }) {
    const connection = makeConnection();
    connections.push(connection);
    await connection.setRemoteDescription({ type: 'offer', sdp });
    prepare(connection, profile);
    await connection.setLocalDescription(await connection.createAnswer());
    emptySockets(connection);
    return connection.localDescription?.sdp ?? '';
  },
  received: () => packets,
} satisfies ViewersFunctions);

/** Takes media off before werift sees them (RFC 7983 section 7). */
function emptySockets(connection: RTCPeerConnection): void {
  const agent = transportOf(connection).iceTransport.connection as unknown as { protocols: { transport: { socket: Socket } }[] };
  for (const { transport } of agent.protocols) {
    const { socket } = transport;
    const listeners = socket.listeners('message') as ((datagram: Buffer, from: unknown) => void)[];
    socket.removeAllListeners('message');
    socket.setRecvBufferSize(4 * 1024 * 1024);
    socket.on('message', (datagram, from) => {
      const first = datagram[0] ?? 0;
      if (first >= 128 && first <= 191) packets += isRtcp(datagram) ? 0 : 1;
      else for (const listener of listeners) listener(datagram, from);
    });
  }
}
