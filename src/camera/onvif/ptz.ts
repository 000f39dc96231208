import { printable } from '../../base/printable.ts';
import { escapeXml, findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';
import { buildRequest, PTZ_NAMESPACE, SCHEMA_NAMESPACE, textElement, type SoapRequest } from './envelope.ts';
import { ignored, packageRequest } from './package-request.ts';
import type { ServiceLocation } from './service-location.ts';
import type { SoapClient } from './soap-client.ts';

/**
 * A position, a distance or a speed, each axis from -1 to 1 (a zoom position from 0) in the generic spaces of the PTZ
 * service. Pan and tilt go together; an axis that is left out stays as it is.
 */
export interface PtzVector {
  panTilt?: { x: number; y: number };
  zoom?: number;
}

export interface PtzNode {
  token: string;
  name: string;
  maximumPresets: number | null;
  hasHome: boolean;
  /** Names of the spaces, by their last part: `PositionGenericSpace`. */
  spaces: string[];
}

export interface PtzStatus {
  /** An axis that the camera does not tell is absent. */
  position: PtzVector;
  /** Null where the camera does not tell. */
  moving: boolean | null;
  /** In the camera's words; null where it is well. */
  error: string | null;
}

export interface PtzPreset {
  token: string;
  name: string;
  position: PtzVector;
}

/** Entries of a list beyond these are not read. */
const MAX_ENTRIES = 1024;

/**
 * The PTZ service of a device (ONVIF PTZ Service Specification); profiles are named by their tokens. Errors are those of
 * {@link SoapClient}.
 */
export class OnvifPtz {
  readonly #soap: SoapClient;
  readonly #service: ServiceLocation;

  constructor(soap: SoapClient, service: ServiceLocation) {
    this.#soap = soap;
    this.#service = service;
  }

  async nodes(): Promise<PtzNode[]> {
    const answer = await this.#call(packageRequest((cam) => cam.getNodes(ignored)));
    return findElements(answer, 'PTZNode').slice(0, MAX_ENTRIES).flatMap(nodeOf);
  }

  async status(profileToken: string): Promise<PtzStatus> {
    const answer = await this.#call(packageRequest((cam) => cam.getStatus({ profileToken: escapeXml(profileToken) }, ignored)));
    const status = findElement(answer, 'PTZStatus');
    const moves = (findElement(status, 'MoveStatus')?.children ?? []).map(({ text }) => text.toUpperCase());
    const known = moves.filter((move) => move === 'IDLE' || move === 'MOVING');
    const error = printable(textAt(status, 'Error') ?? '');
    return {
      position: vectorOf(findElement(status, 'Position')),
      moving: known.length === 0 ? null : known.includes('MOVING'),
      error: error === '' || /^no error$/i.test(error) ? null : error,
    };
  }

  /** Moves at a velocity until {@link stop}, or for so long, milliseconds, where the camera goes by it. */
  async continuousMove(profileToken: string, velocity: PtzVector, timeoutMs?: number): Promise<void> {
    const timeout = timeoutMs === undefined ? '' : textElement('Timeout', `PT${timeoutMs / 1000}S`);
    await this.#move('ContinuousMove', profileToken, vectorElement('Velocity', velocity) + timeout);
  }

  async relativeMove(profileToken: string, translation: PtzVector, speed?: PtzVector): Promise<void> {
    await this.#move('RelativeMove', profileToken, vectorElement('Translation', translation) + speedElement(speed));
  }

  async absoluteMove(profileToken: string, position: PtzVector, speed?: PtzVector): Promise<void> {
    await this.#move('AbsoluteMove', profileToken, vectorElement('Position', position) + speedElement(speed));
  }

  async stop(profileToken: string): Promise<void> {
    // Both are named: what is left out goes on moving on some cameras, though the specification says that all stops.
    const options = { profileToken: escapeXml(profileToken), panTilt: true, zoom: true };
    await this.#call(packageRequest((cam) => cam.stop(options, ignored)));
  }

  async presets(profileToken: string): Promise<PtzPreset[]> {
    const answer = await this.#call(packageRequest((cam) => cam.getPresets({ profileToken: escapeXml(profileToken) }, ignored)));
    return findElements(answer, 'Preset')
      .slice(0, MAX_ENTRIES)
      .flatMap((element) => {
        const token = element.attributes.get('token') ?? '';
        const position = vectorOf(findElement(element, 'PTZPosition'));
        return token === '' ? [] : [{ token, name: printable(textAt(element, 'Name') ?? token), position }];
      });
  }

  async gotoPreset(profileToken: string, presetToken: string): Promise<void> {
    const options = { profileToken: escapeXml(profileToken), preset: escapeXml(presetToken) };
    await this.#call(packageRequest((cam) => cam.gotoPreset(options, ignored)));
  }

  /** Keeps the position under a name; returns the new preset's token, which is empty where the camera does not tell it. */
  async setPreset(profileToken: string, name: string): Promise<string> {
    const options = { profileToken: escapeXml(profileToken), presetName: escapeXml(name) };
    return textAt(await this.#call(packageRequest((cam) => cam.setPreset(options, ignored))), 'PresetToken') ?? '';
  }

  async removePreset(profileToken: string, presetToken: string): Promise<void> {
    const options = { profileToken: escapeXml(profileToken), presetToken: escapeXml(presetToken) };
    await this.#call(packageRequest((cam) => cam.removePreset(options, ignored)));
  }

  async gotoHome(profileToken: string): Promise<void> {
    await this.#call(packageRequest((cam) => cam.gotoHomePosition({ profileToken: escapeXml(profileToken) }, ignored)));
  }

  async setHome(profileToken: string): Promise<void> {
    await this.#call(packageRequest((cam) => cam.setHomePosition({ profileToken: escapeXml(profileToken) }, ignored)));
  }

  async #move(name: string, profileToken: string, content: string): Promise<void> {
    await this.#call(buildRequest(PTZ_NAMESPACE, name, textElement('ProfileToken', profileToken) + content));
  }

  #call(request: SoapRequest): Promise<XmlElement> {
    return this.#soap.call(this.#service, request);
  }
}

function nodeOf(element: XmlElement): PtzNode[] {
  const token = element.attributes.get('token') ?? '';
  if (token === '') return [];
  const spaces = findElement(element, 'SupportedPTZSpaces')?.children ?? [];
  const names = spaces.map((space) => printable((textAt(space, 'URI') ?? '').split('/').at(-1) ?? ''));
  return [
    {
      token,
      name: printable(textAt(element, 'Name') ?? token),
      maximumPresets: numberAt(element, 'MaximumNumberOfPresets') ?? null,
      hasHome: textAt(element, 'HomeSupported') === 'true',
      spaces: [...new Set(names.filter((name) => name !== ''))],
    },
  ];
}

/** `<name>` around the axes that are given; Sony's cameras refuse those that are not meant. */
function vectorElement(name: string, { panTilt, zoom }: PtzVector): string {
  const pan = panTilt === undefined ? '' : `<PanTilt xmlns="${SCHEMA_NAMESPACE}" x="${panTilt.x}" y="${panTilt.y}"/>`;
  return `<${name}>${pan}${zoom === undefined ? '' : `<Zoom xmlns="${SCHEMA_NAMESPACE}" x="${zoom}"/>`}</${name}>`;
}

function speedElement(speed: PtzVector | undefined): string {
  return speed === undefined ? '' : vectorElement('Speed', speed);
}

function vectorOf(element: XmlElement | undefined): PtzVector {
  const x = coordinate(findElement(element, 'PanTilt'), 'x');
  const y = coordinate(findElement(element, 'PanTilt'), 'y');
  const zoom = coordinate(findElement(element, 'Zoom'), 'x');
  return { ...(x === undefined || y === undefined ? {} : { panTilt: { x, y } }), ...(zoom === undefined ? {} : { zoom }) };
}

function coordinate(element: XmlElement | undefined, name: string): number | undefined {
  const text = element?.attributes.get(name) ?? '';
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
