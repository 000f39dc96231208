import { vi } from 'vitest';
import { silentLogger } from '../../../../src/base/log.ts';
import { SignalingDevice } from '../../../../src/signaling/device/device.ts';
import { FakeHost, type FakeSession, type Message, registered } from '../fixture.ts';
import { ScriptedServer } from './scripted-server.ts';

/** Generous, since the machine may be busy. */
export const WAIT = { timeout: 20_000, interval: 5 };

/** A candidate that can be told by its foundation. */
export const line = (foundation: string): string => `candidate:${foundation} 1 udp 1 10.0.0.1 9 typ host`;

/** A device of ours that is registered at a server of another vendor. */
export class DeviceBench {
  readonly server: ScriptedServer;
  readonly host = new FakeHost();
  readonly device: SignalingDevice;

  private constructor(server: ScriptedServer) {
    this.server = server;
    this.device = new SignalingDevice({
      server: server.url,
      name: 'Front door',
      host: this.host,
      log: silentLogger,
      retry: { firstMs: 5, maxMs: 20 },
    });
  }

  static async start(): Promise<DeviceBench> {
    const bench = new DeviceBench(await new ScriptedServer().listening());
    bench.device.start();
    await registered(bench.device);
    return bench;
  }

  async close(): Promise<void> {
    await this.device.close();
    this.server.close();
  }

  /** Sends connect and gives the host's session once the device answered. */
  async connect(session = 's1', params: Message = {}): Promise<FakeSession> {
    const { server, host } = this;
    const before = host.sessions.length;
    server.send({ id: `connect-${session}-${before}`, method: 'connect', params: { session, ...params } });
    await server.answer(`connect-${session}-${before}`);
    const opened = host.sessions[before];
    if (opened === undefined) throw new Error('no session was opened');
    return opened;
  }

  /** Everything sent before was taken by the device. */
  async settled(): Promise<void> {
    const id = `settled-${this.server.messages.length}`;
    this.server.send({ id, method: 'settled' });
    await this.server.answer(id);
  }

  /** What the device says of the time that a session still has, seconds. */
  async remaining(session: string): Promise<unknown> {
    const id = `remaining-${this.server.messages.length}`;
    this.server.send({ id, method: 'extend', params: { session } });
    return ((await this.server.answer(id))['result'] as Message)['expiryTimeSeconds'];
  }

  /** The connection ended, and the device is registered on another. */
  async cameBack(): Promise<void> {
    await vi.waitFor(() => {
      if (this.server.connections < 2) throw new Error('no other connection yet');
    }, WAIT);
    await registered(this.device);
  }
}
