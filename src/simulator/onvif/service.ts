import type { NAMESPACES } from './namespaces.ts';
import { element, type Markup, type XmlElement } from './xml.ts';

/** One SOAP request as a handler sees it. */
export interface Call {
  /** The body's element; the arguments are its children. */
  operation: XmlElement;
  /** The host and port under which the client reached the camera; URIs in answers have them. */
  authority: string;
  /** The same with the scheme, `http://camera:81`. */
  origin: string;
  query: URLSearchParams;
  /** Aborts when the client hangs up or the camera goes away. */
  signal: AbortSignal;
}

/** Answers with the body's content or throws a SoapFault. */
export type Handler = (call: Call) => Markup | Promise<Markup>;

/** The operations served under one path, by name with the prefix of namespaces.ts (`tds:GetServices`). */
export interface Endpoint {
  path: string;
  operations: Readonly<Record<string, Handler>>;
}

/** An endpoint that GetServices lists. */
export interface Service extends Endpoint {
  prefix: keyof typeof NAMESPACES;
  version: { major: number; minor: number };
  /** The `Capabilities` element of the service's namespace. */
  capabilities: Markup;
}

/** A service; GetServiceCapabilities, which all services have, is added. */
export function defineService(definition: Service): Service {
  const response = `${definition.prefix}:GetServiceCapabilitiesResponse`;
  return {
    ...definition,
    operations: {
      ...definition.operations,
      [`${definition.prefix}:GetServiceCapabilities`]: () => element(response, {}, definition.capabilities),
    },
  };
}
