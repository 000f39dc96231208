import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { IceCandidate } from '../../../../src/base/ice.ts';
import { LoopbackViewer } from './loopback-viewer.ts';

/** A viewer who reaches the gateway only through a NAT, and tells none of its own addresses. The NAT may map it anew. */
export class TranslatedViewer extends LoopbackViewer {
  readonly #inside: Socket;
  #outside: Socket | undefined;
  #viewerPort = 0;
  #gatewayPort = 0;

  private constructor(inside: Socket) {
    super();
    this.#inside = inside;
    inside.on('message', (datagram, { port }) => {
      this.#viewerPort = port;
      this.#outside?.send(datagram, this.#gatewayPort, '127.0.0.1');
    });
  }

  /** It is closed when the test ends. */
  static async open(): Promise<TranslatedViewer> {
    const viewer = new TranslatedViewer(await bound());
    await viewer.move();
    onTestFinished(async () => {
      await viewer.connection.close();
      viewer.#inside.close();
      viewer.#outside?.close();
    });
    return viewer;
  }

  /** From now on it is at another address, as seen from the gateway; what still goes to the former one is lost. */
  async move(): Promise<void> {
    this.#outside?.close();
    this.#outside = await bound();
    this.#outside.on('message', (datagram) => this.#inside.send(datagram, this.#viewerPort, '127.0.0.1'));
  }

  override gather(): Promise<void> {
    return super.gather(() => undefined);
  }

  override async addCandidate({ candidate, ...section }: IceCandidate): Promise<void> {
    // RFC 8839 section 5.1: foundation, component, transport, priority, address, port.
    const [, kept = '', port] = /^((?:\S+ ){5})(\d+)/.exec(candidate) ?? [];
    if (port === undefined || !/ udp /i.test(kept)) return;
    this.#gatewayPort = Number(port);
    await super.addCandidate({
      ...section,
      candidate: candidate.replace(/^((?:\S+ ){5})\d+/, `$1${this.#inside.address().port}`),
    });
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
