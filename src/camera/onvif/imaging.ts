import { printable } from '../../base/printable.ts';
import { escapeXml, findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';
import { buildRequest, IMAGING_NAMESPACE, SCHEMA_NAMESPACE, textElement } from './envelope.ts';
import { ignored, packageRequest } from './package-request.ts';
import type { ServiceLocation } from './service-location.ts';
import type { SoapClient } from './soap-client.ts';

/** What the picture of a video source looks like; null where the camera does not have the setting. */
export interface ImagingSettings {
  brightness: number | null;
  colorSaturation: number | null;
  contrast: number | null;
  sharpness: number | null;
  /** `ON` by day (the filter keeps infrared out), `OFF` by night, `AUTO`. */
  irCutFilter: string | null;
}

export type ImagingChange = { [setting in keyof ImagingSettings]?: NonNullable<ImagingSettings[setting]> };

export interface NumberRange {
  min: number;
  max: number;
}

/** What the settings can be set to; null where they cannot. */
export interface ImagingOptions {
  brightness: NumberRange | null;
  colorSaturation: NumberRange | null;
  contrast: NumberRange | null;
  sharpness: NumberRange | null;
  irCutFilter: string[];
}

/**
 * The imaging service of a device (ONVIF Imaging Service Specification); video sources are named by their tokens. Errors are
 * those of {@link SoapClient}.
 */
export class OnvifImaging {
  readonly #soap: SoapClient;
  readonly #service: ServiceLocation;

  constructor(soap: SoapClient, service: ServiceLocation) {
    this.#soap = soap;
    this.#service = service;
  }

  async settings(videoSource: string): Promise<ImagingSettings> {
    const request = packageRequest((cam) => cam.getImagingSettings({ token: escapeXml(videoSource) }, ignored));
    const settings = findElement(await this.#soap.call(this.#service, request), 'ImagingSettings');
    return {
      brightness: numberAt(settings, 'Brightness') ?? null,
      colorSaturation: numberAt(settings, 'ColorSaturation') ?? null,
      contrast: numberAt(settings, 'Contrast') ?? null,
      sharpness: numberAt(settings, 'Sharpness') ?? null,
      irCutFilter: modeOf(textAt(settings, 'IrCutFilter')),
    };
  }

  async options(videoSource: string): Promise<ImagingOptions> {
    const request = packageRequest((cam) => cam.getVideoSourceOptions({ token: escapeXml(videoSource) }, ignored));
    const options = findElement(await this.#soap.call(this.#service, request), 'ImagingOptions');
    return {
      brightness: rangeOf(findElement(options, 'Brightness')),
      colorSaturation: rangeOf(findElement(options, 'ColorSaturation')),
      contrast: rangeOf(findElement(options, 'Contrast')),
      sharpness: rangeOf(findElement(options, 'Sharpness')),
      irCutFilter: findElements(options, 'IrCutFilterModes').flatMap(({ text }) => modeOf(text) ?? []),
    };
  }

  /** Changes what is given and nothing else; the camera keeps it. */
  async set(videoSource: string, change: ImagingChange): Promise<void> {
    const setting = (name: string, value: number | string | undefined): string =>
      value === undefined ? '' : `<${name} xmlns="${SCHEMA_NAMESPACE}">${escapeXml(String(value))}</${name}>`;
    // In the order of the schema (ImagingSettings20).
    const settings =
      setting('Brightness', change.brightness) +
      setting('ColorSaturation', change.colorSaturation) +
      setting('Contrast', change.contrast) +
      setting('IrCutFilter', change.irCutFilter) +
      setting('Sharpness', change.sharpness);
    const content =
      textElement('VideoSourceToken', videoSource) +
      `<ImagingSettings>${settings}</ImagingSettings><ForcePersistence>true</ForcePersistence>`;
    await this.#soap.call(this.#service, buildRequest(IMAGING_NAMESPACE, 'SetImagingSettings', content));
  }
}

function modeOf(text: string | undefined): string | null {
  const mode = printable(text ?? '', 32).toUpperCase();
  return mode === '' ? null : mode;
}

function rangeOf(element: XmlElement | undefined): NumberRange | null {
  const min = numberAt(element, 'Min');
  const max = numberAt(element, 'Max');
  return min === undefined || max === undefined ? null : { min, max };
}
