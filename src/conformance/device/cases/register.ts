import { Failure } from '../../case.ts';
import { expectObject, expectStrings, expectThat, show } from '../../check.ts';
import type { Message } from '../../raw-peer.ts';
import type { DeviceCase, DeviceContext } from '../context.ts';

/** Table 2 of the specification. */
const CAPABILITIES: readonly string[] = ['subProtocols', 'extend'];

/** What is seen in the register of the device. */
export const REGISTER_CASES: DeviceCase[] = [
  {
    id: 'register-jsonrpc',
    clause: '5.2',
    level: 'shall',
    title: 'Requests are JSON-RPC 2.0 with an id, and parameters by name',
    async run(context) {
      const message = await registerOf(context);
      const { jsonrpc, id } = message;
      expectThat(jsonrpc === '2.0', 'jsonrpc to be "2.0"', jsonrpc);
      expectThat(typeof id === 'string' || typeof id === 'number', 'an id that is a string or a number', id);
      if (message['params'] !== undefined) expectObject(message['params'], 'the params of register');
    },
  },
  {
    id: 'register-params',
    clause: '5.2.2.2',
    level: 'shall',
    title: 'The name and the authorization of register are strings, its capabilities an array of strings',
    async run(context) {
      const params = await registerParams(context);
      for (const field of ['name', 'authorization']) {
        const value = params[field];
        if (value !== undefined && typeof value !== 'string') throw new Failure(`"${field}" to be a string`, show(value));
      }
      if (params['capabilities'] !== undefined) expectStrings(params['capabilities'], '"capabilities"');
    },
  },
  {
    id: 'register-capabilities',
    clause: '5.2.1',
    level: 'shall',
    title: 'Only the capabilities of table 2 (subProtocols, extend) are announced',
    async run(context) {
      const { capabilities } = await registerParams(context);
      const unknown = (Array.isArray(capabilities) ? capabilities : []).filter((name) => !CAPABILITIES.includes(name as string));
      expectThat(unknown.length === 0, `none but ${CAPABILITIES.join(' and ')}`, unknown);
    },
  },
];

async function registerOf(context: DeviceContext): Promise<Message> {
  const { register } = await context.connection();
  context.transcript.note('the register that came earlier in this run:');
  context.transcript.add('device -> kit', JSON.stringify(register));
  return register ?? {};
}

async function registerParams(context: DeviceContext): Promise<Message> {
  const { params } = await registerOf(context);
  return typeof params === 'object' && params !== null ? (params as Message) : {};
}
