import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import type { Reason } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { Registration, type RegistrationOptions } from '../../../../src/signaling/device/registration.ts';

export const CLOSED: Reason = { code: 'signaling.closed', message: 'The test is over.' };

/** A started registration that the test ends; soon again after each failure. */
export function register(options: Partial<RegistrationOptions> & { server: string }): Registration {
  const registration = new Registration({
    name: 'Front door',
    capabilities: ['subProtocols', 'extend'],
    log: silentLogger,
    retry: { firstMs: 5, maxMs: 20 },
    serve: () => {},
    onErrorNotification: () => {},
    onMalformed: () => {},
    onState: () => {},
    onLost: () => {},
    ...options,
  });
  onTestFinished(() => registration.close(CLOSED));
  registration.start();
  return registration;
}

export async function expectRegistered(registration: Registration): Promise<void> {
  await vi.waitFor(
    () => {
      if (registration.state.state !== 'registered') throw new Error(JSON.stringify(registration.state));
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** Why the first attempt failed. */
export async function failureOf(options: Partial<RegistrationOptions> & { server: string }): Promise<Reason | null> {
  const registration = register(options);
  return await vi.waitFor(
    () => {
      if (registration.state.state !== 'failed') throw new Error(registration.state.state);
      return registration.state.reason;
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** Listens on loopback until the test is over; returns the port. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy: () => void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
