import type { DeviceCase } from '../context.ts';
import { CONNECT_CASES } from './connect.ts';
import { HANDSHAKE_CASES, RECONNECT_CASES } from './connection.ts';
import { DATA_CHANNEL_CASES } from './data-channel.ts';
import { ERROR_CASES } from './error.ts';
import { EXTEND_CASES } from './extend.ts';
import { FEEDBACK_CASES } from './feedback.ts';
import { ICE_CASES } from './ice.ts';
import { INVITE_CASES } from './invite.ts';
import { OFFER_CASES } from './offer.ts';
import { REGISTER_CASES } from './register.ts';
import { TRICKLE_CASES } from './trickle.ts';

/** All cases against a device, in the order in which they run: what cuts the connection comes last. */
export const DEVICE_CASES: readonly DeviceCase[] = [
  ...HANDSHAKE_CASES,
  ...REGISTER_CASES,
  ...CONNECT_CASES,
  ...INVITE_CASES,
  ...OFFER_CASES,
  ...TRICKLE_CASES,
  ...EXTEND_CASES,
  ...FEEDBACK_CASES,
  ...ICE_CASES,
  ...DATA_CHANNEL_CASES,
  ...ERROR_CASES,
  ...RECONNECT_CASES,
];
