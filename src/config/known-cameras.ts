import { parseOnvifAddress, parseRtspAddress, type OnvifAddress } from './addresses.ts';
import { ConfigError } from './config-error.ts';
import { ConfigDocument } from './document.ts';
import { validParts } from './schema.ts';
import { replaceVariables, type Environment } from './secrets.ts';

/** Where a camera of the config is. */
export interface KnownCamera {
  id: string;
  onvif: OnvifAddress | undefined;
  /** Hosts of its RTSP URLs. */
  rtspHosts: string[];
  /** What it calls itself in discovery, where the config says it. */
  endpointReference?: string;
}

/**
 * The cameras of a config as far as they can be read: secrets may be missing, and other parts may be wrong.
 *
 * @throws ConfigError where the text is not YAML.
 */
export function knownCameras(file: string, text: string, environment: Environment): KnownCamera[] {
  const document = new ConfigDocument(file, text);
  const issues = document.syntaxIssues();
  if (issues.length > 0) throw new ConfigError(issues);
  document.replaceTexts((value) => replaceVariables(value, environment, () => undefined));
  const data = document.toData();
  if (typeof data !== 'object' || data === null) return [];
  return [...validParts({ ...data }).cameras.values()].map(({ id, onvif, rtsp = {}, endpoint }) => ({
    id,
    onvif: onvif === undefined ? undefined : parseOnvifAddress(onvif),
    rtspHosts: Object.values(rtsp).flatMap((url) => parseRtspAddress(url)?.host ?? []),
    ...(endpoint === undefined ? {} : { endpointReference: endpoint }),
  }));
}
