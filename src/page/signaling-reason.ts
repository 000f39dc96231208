import type { Reason } from '../base/errors.ts';
import { SignalingCode, type SignalingError } from '../client/index.ts';

/** Code of the reason where the signaling server did not accept the token. */
export const TOKEN_REFUSED = `signaling.${SignalingCode.unauthorized}`;

/** What a viewer can do about a lost session; codes without a line here pass by themselves. */
const ADVICE: Readonly<Record<number, string>> = {
  [SignalingCode.badRequest]: 'Another browser, or another profile of the camera, may work.',
  [SignalingCode.unauthorized]: 'Type a token that the signaling server accepts.',
  [SignalingCode.forbidden]: 'Get a token that allows it.',
  [SignalingCode.unavailable]: 'Check that the camera has power and network.',
  [SignalingCode.serverUnreachable]: 'Check that the gateway runs and that this device reaches its network.',
  [SignalingCode.noMediaPath]:
    'Check that no firewall blocks UDP between this device and the gateway, or set up a TURN server in its config.',
  [SignalingCode.insufficientResources]: 'It plays as soon as another viewer stops.',
};

/** A fault of the signaling client in the form that the page shows. */
export function signalingReason({ code, message, detail }: SignalingError): Reason {
  const explained = detail !== undefined && detail !== message;
  // A camera that says what is wrong knows better than a guess that fits most.
  const advice = explained && code === SignalingCode.unavailable ? undefined : ADVICE[code];
  const reason = { code: `signaling.${code}`, message: explained ? `${message} ${detail}` : message };
  return advice === undefined ? reason : { ...reason, advice };
}

/** What another attempt with the same token, profile and browser cannot cure. */
export function isPermanent(reason: Reason): boolean {
  return PERMANENT_CODES.has(reason.code);
}

const PERMANENT_CODES: ReadonlySet<string> = new Set(
  [SignalingCode.badRequest, SignalingCode.unauthorized, SignalingCode.forbidden].map((code) => `signaling.${code}`),
);
