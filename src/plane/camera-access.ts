import type { CameraSource } from './messages.ts';

/** How the camera's streams are got at. */
export type CameraAccess = Pick<CameraSource, 'credentials' | 'transport' | 'tls'>;

export function accessOf({ credentials, transport, tls }: CameraSource): CameraAccess {
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(transport === undefined ? {} : { transport }),
    ...(tls === undefined ? {} : { tls }),
  };
}
