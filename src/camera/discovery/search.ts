import { randomUUID } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import { GatewayError } from '../../base/errors.ts';
import { DeviceList, type DiscoveredDevice } from './device-list.ts';
import { buildProbe, parseProbeMatches, type ProbeType } from './message.ts';

export interface DiscoveryResult {
  devices: DiscoveredDevice[];
  /** Datagrams that were no answer to our probes. */
  ignored: number;
}

/** What one search has asked and heard. */
export class Search {
  readonly #messageIds = new Set<string>();
  readonly #devices = new DeviceList();
  readonly #onFound: ((device: DiscoveredDevice) => void) | undefined;
  #ignored = 0;
  #sent = 0;
  #failure: unknown;

  constructor(onFound?: (device: DiscoveredDevice) => void) {
    this.#onFound = onFound;
  }

  /** A Probe under an id of its own: devices leave out what they have seen. */
  probe(type: ProbeType): string {
    const messageId = `urn:uuid:${randomUUID()}`;
    this.#messageIds.add(messageId);
    return buildProbe(type, messageId);
  }

  /** Sends a probe; where that fails (no route, interface down) the others go on. */
  send(socket: Socket, probe: string, port: number, address: string): void {
    socket.send(probe, port, address, (error) => {
      if (error === null) this.#sent += 1;
      else this.#failure ??= error;
    });
  }

  receive(datagram: Buffer, remote: RemoteInfo): void {
    const answer = parseProbeMatches(datagram);
    if (answer === undefined || !this.#messageIds.has(answer.relatesTo)) {
      this.#ignored += 1;
      return;
    }
    for (const match of answer.matches) {
      const found = this.#devices.add(match, remote.address);
      if (found !== undefined) this.#onFound?.(found);
    }
  }

  /** What was found. Throws `discovery.failed` where not one probe could be sent. */
  result(): DiscoveryResult {
    if (this.#sent > 0 || this.#failure === undefined) return { devices: this.#devices.all, ignored: this.#ignored };
    throw new GatewayError('discovery.failed', 'Cameras cannot be searched for: no packet could be sent.', {
      advice:
        'Check that the network of the cameras is up, that there is a route to it, and that no firewall forbids UDP port 3702.',
      cause: this.#failure,
    });
  }
}
