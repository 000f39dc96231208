import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { OnvifDevice, type OnvifConnectOptions } from '../../../../src/camera/onvif/adapter.ts';
import { parseXml, type XmlElement } from '../../../../src/camera/xml.ts';
import type { Certificate } from '../../../support/certificate.ts';

/* A camera whose every answer is written out: what real ones get wrong cannot come from the simulator. */

export interface Request {
  name: string;
  path: string;
  envelope: XmlElement;
  /** The element in the body. */
  body: XmlElement;
  /** As it came. */
  text: string;
  headers: IncomingMessage['headers'];
}

export type Answer = string | ((request: Request, response: ServerResponse) => void);

export const soap = (body: string): string => `<e:Envelope xmlns:e="x"><e:Body>${body}</e:Body></e:Envelope>`;

export const DATE =
  '<r><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>3</Second></Time>' +
  '<Date><Year>2020</Year><Month>1</Month><Day>1</Day></Date></UTCDateTime></SystemDateAndTime></r>';

/** One entry of GetServices; `ver10/media` is the middle of its namespace. */
export const service = (middle: string, address: string): string =>
  `<Service><Namespace>http://www.onvif.org/${middle}/wsdl</Namespace><XAddr>${address}</XAddr></Service>`;

const H264 = '<Encoding>H264</Encoding><Resolution><Width>640</Width><Height>360</Height></Resolution>';

export const WORKING: Record<string, Answer> = {
  GetSystemDateAndTime: DATE,
  GetServices: `<r>${service('ver10/media', 'http://192.168.1.64/media1')}</r>`,
  GetDeviceInformation: '<r><Manufacturer>Acme</Manufacturer><Model>X1</Model></r>',
  'media1/GetProfiles': `<r><Profiles token="0"><VideoEncoderConfiguration>${H264}</VideoEncoderConfiguration></Profiles></r>`,
};

/** Working, with these services beside the first media service. */
export const withServices = (...middles: string[]): Record<string, Answer> => ({
  ...WORKING,
  GetServices: `<r>${middles.map((middle) => service(middle, `http://192.168.1.64/${middle}`)).join('')}</r>`,
});

export const refuse = (status: number, body: string) => (_: Request, response: ServerResponse) =>
  void response.writeHead(status).end(body);

export const fault = (code: string, text: string): string =>
  soap(
    `<Fault><Code><Value>e:Sender</Value><Subcode><Value>${code}</Value></Subcode></Code><Reason><Text>${text}</Text></Reason></Fault>`,
  );

/** Of what is no SOAP nothing is told. */
const PLAIN = {} as Request;

/** Answers by `GET /path`, by request name, or by `last part of the path/name`; a string is the content of the SOAP body. */
export async function startCamera(
  answers: Record<string, Answer>,
  certificate?: Pick<Certificate, 'key' | 'cert'>,
): Promise<{ port: number; requests: Request[]; heads: IncomingMessage[] }> {
  const requests: Request[] = [];
  const heads: IncomingMessage[] = [];
  const serve = (incoming: IncomingMessage, response: ServerResponse): void => {
    heads.push(incoming);
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const plain = answers[`${incoming.method} ${incoming.url}`];
      if (typeof plain === 'function') return plain(PLAIN, response);
      const text = Buffer.concat(chunks).toString();
      const envelope = parseXml(text);
      const body = envelope?.children.find((child) => child.name === 'Body')?.children[0];
      if (envelope === undefined || body === undefined) throw new Error(`the client sent no SOAP but ${text}`);
      const request = { name: body.name, path: incoming.url ?? '', envelope, body, text, headers: incoming.headers };
      requests.push(request);
      const answer = answers[`${request.path.split('/').at(-1)}/${body.name}`] ?? answers[body.name];
      if (typeof answer === 'function') answer(request, response);
      else if (answer === undefined) response.writeHead(400).end(fault('ter:ActionNotSupported', 'Not implemented'));
      else response.end(soap(answer));
    });
  };
  const server = certificate === undefined ? createServer(serve) : createSecureServer(certificate, serve);
  onTestFinished(() => stop(server));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, requests, heads };
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export async function connect(port: number, options: Partial<OnvifConnectOptions> = {}): Promise<OnvifDevice> {
  const device = await OnvifDevice.connect({ host: '127.0.0.1', port, username: 'viewer', password: 'secret', ...options });
  onTestFinished(() => device.close());
  return device;
}

/** A device that lists these services, `ver20/ptz`, each at a path of that name. */
export async function connectTo(
  answers: Record<string, Answer>,
  ...middles: string[]
): Promise<{ device: OnvifDevice; requests: Request[] }> {
  const { port, requests } = await startCamera({ ...withServices(...middles), ...answers });
  return { device: await connect(port), requests };
}

export async function errorOf(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw new Error(`no GatewayError but ${String(error)}`);
  return error;
}
