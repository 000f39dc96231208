import { NAMESPACES } from '../../../../src/simulator/onvif/namespaces.ts';
import type { Endpoint } from '../../../../src/simulator/onvif/service.ts';
import { SoapFault } from '../../../../src/simulator/onvif/soap.ts';
import { parseXml, type XmlElement } from '../../../../src/simulator/onvif/xml.ts';

const DECLARATIONS = Object.entries(NAMESPACES)
  .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  .join(' ');

export interface Invocation {
  authority?: string;
  query?: string;
  signal?: AbortSignal;
}

/** Calls an operation (`tptz:GetStatus`) without HTTP and gives the element that it answers with. */
export async function invoke(endpoint: Endpoint, operation: string, content = '', call: Invocation = {}): Promise<XmlElement> {
  const handler = endpoint.operations[operation];
  if (handler === undefined) throw new Error(`There is no ${operation}`);
  const answer = await handler({
    operation: parseXml(`<${operation} ${DECLARATIONS}>${content}</${operation}>`),
    authority: call.authority ?? '127.0.0.1:8000',
    origin: `http://${call.authority ?? '127.0.0.1:8000'}`,
    query: new URLSearchParams(call.query ?? ''),
    signal: call.signal ?? new AbortController().signal,
  });
  const wrapped = parseXml(`<body ${DECLARATIONS}>${answer.text}</body>`).children[0];
  if (wrapped === undefined) throw new Error(`${operation} answered nothing`);
  return wrapped;
}

/** The subcodes of the fault that the operation answers with. */
export async function faultOf(
  endpoint: Endpoint,
  operation: string,
  content = '',
  call: Invocation = {},
): Promise<readonly string[]> {
  try {
    await invoke(endpoint, operation, content, call);
  } catch (error) {
    if (error instanceof SoapFault) return error.subcodes;
    throw error;
  }
  return [];
}
