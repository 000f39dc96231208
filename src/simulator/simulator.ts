import { loadClips } from './clips.ts';
import { DiscoveryResponder } from './discovery-responder.ts';
import { SimulatedCamera, type SimulatedCameraAddresses } from './simulated-camera.ts';

export interface SimulatorOptions {
  cameras: number;
  username: string;
  password: string;
  /** Address that all cameras listen on; default 127.0.0.1. */
  host?: string;
  /** Ports of the first camera, the others follow; 0 (the default): any. */
  onvifPort?: number;
  rtspPort?: number;
  /** Video sources of each camera; default 1. */
  inputs?: number;
  /** By what the one camera that there is then is known, also after a restart; default something new. */
  uuid?: string;
  serialNumber?: string;
  /** Whether WS-Discovery finds the cameras, on the interface of `host`; default true. */
  discovery?: boolean;
}

export interface RunningCamera extends SimulatedCameraAddresses {
  name: string;
  endpointReference: string;
}

/** Several simulated cameras in one process, which share the clips and the WS-Discovery responder. */
export class Simulator {
  readonly #options: SimulatorOptions;
  readonly #discovery: DiscoveryResponder | undefined;
  readonly #cameras: SimulatedCamera[] = [];

  constructor(options: SimulatorOptions) {
    this.#options = options;
    if (options.discovery !== false) this.#discovery = new DiscoveryResponder({ addresses: [options.host ?? '127.0.0.1'] });
  }

  /** Resolves once all cameras can be used. Throws `simulator.port-taken`; then nothing is left open. */
  async start(): Promise<RunningCamera[]> {
    const { cameras, inputs = 1, onvifPort = 0, rtspPort = 0, username, password, host, uuid, serialNumber } = this.#options;
    try {
      const clips = await loadClips();
      await this.#discovery?.start();
      const running: RunningCamera[] = [];
      for (let index = 0; index < cameras; index += 1) {
        const camera = new SimulatedCamera({
          name: `Simulated camera ${index + 1}`,
          username,
          password,
          clips,
          inputs,
          onvifPort: onvifPort === 0 ? 0 : onvifPort + index,
          rtspPort: rtspPort === 0 ? 0 : rtspPort + index,
          ...(host === undefined ? {} : { host }),
          ...(uuid === undefined ? {} : { uuid }),
          ...(serialNumber === undefined ? {} : { serialNumber }),
          ...(this.#discovery === undefined ? {} : { discovery: this.#discovery }),
        });
        this.#cameras.push(camera);
        const { name, endpointReference } = camera.identity;
        running.push({ name, endpointReference, ...(await camera.start()) });
      }
      return running;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#cameras.map((camera) => camera.close()));
    await this.#discovery?.close();
  }
}
