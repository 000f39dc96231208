import type { ServerCase } from '../context.ts';
import { CONNECT_CASES } from './connect.ts';
import { CONNECTION_CASES } from './connection.ts';
import { ERROR_CASES } from './error.ts';
import { EXTEND_CASES } from './extend.ts';
import { INVITE_CASES } from './invite.ts';
import { JSON_RPC_CASES } from './json-rpc.ts';
import { REGISTER_CASES } from './register.ts';
import { TRICKLE_CASES } from './trickle.ts';

/** All cases against a signaling server, in the order in which they run. */
export const SERVER_CASES: readonly ServerCase[] = [
  ...CONNECTION_CASES,
  ...REGISTER_CASES,
  ...CONNECT_CASES,
  ...INVITE_CASES,
  ...TRICKLE_CASES,
  ...EXTEND_CASES,
  ...ERROR_CASES,
  ...JSON_RPC_CASES,
];
