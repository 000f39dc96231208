import { onTestFinished, vi } from 'vitest';
import { RTCSctpTransport } from 'werift';

/** What is private to werift's class here. */
interface Association {
  handleData: (packet: Buffer) => Promise<void>;
}

/**
 * The SCTP of the viewers that this process makes on werift, which can fall silent: nothing that comes is looked at or acknowledged, while ICE, DTLS and RTCP go
 * on. To be made before the viewers.
 */
export class SilentSctp {
  readonly #start = vi.spyOn(RTCSctpTransport.prototype, 'start');
  readonly #silenced = new Map<Association, Association['handleData']>();

  constructor() {
    onTestFinished(() => this.#start.mockRestore());
  }

  fallSilent(): void {
    for (const transport of this.#start.mock.contexts as unknown as RTCSctpTransport[]) {
      const association = transport.sctp as unknown as Association;
      this.#silenced.set(association, association.handleData);
      association.handleData = () => Promise.resolve();
    }
  }

  listenAgain(): void {
    for (const [association, handleData] of this.#silenced) association.handleData = handleData;
  }
}
