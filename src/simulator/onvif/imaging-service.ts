import { TOKENS } from './media-configurations.ts';
import { defineService, type Service } from './service.ts';
import { actionNotSupported, invalidArgument } from './soap.ts';
import { child, childText, element, xml, type Markup, type XmlElement } from './xml.ts';

/** In the order of the schema (tt:ImagingSettings20); each 0 to 100. */
const SETTINGS = ['Brightness', 'ColorSaturation', 'Contrast', 'Sharpness'] as const;

/** Imaging (ver20): settings that are kept and reported; the picture, made of clips, does not follow them. */
export function imagingService(): Service {
  const settings = new Map<string, number>(SETTINGS.map((name) => [name, 50]));
  return defineService({
    prefix: 'timg',
    path: '/onvif/imaging_service',
    version: { major: 2, minor: 60 },
    capabilities: xml`<timg:Capabilities ImageStabilization="false" Presets="false"/>`,
    operations: {
      'timg:GetImagingSettings': (call) => {
        requireVideoSource(call.operation);
        const current = SETTINGS.map((name) => element(`tt:${name}`, {}, xml`${settings.get(name)}`));
        return xml`<timg:GetImagingSettingsResponse><timg:ImagingSettings>${current}</timg:ImagingSettings></timg:GetImagingSettingsResponse>`;
      },
      'timg:SetImagingSettings': (call) => {
        requireVideoSource(call.operation);
        for (const [name, value] of readSettings(child(call.operation, 'ImagingSettings'))) settings.set(name, value);
        return xml`<timg:SetImagingSettingsResponse/>`;
      },
      'timg:GetOptions': (call) => {
        requireVideoSource(call.operation);
        const ranges = SETTINGS.map((name) => element(`tt:${name}`, {}, xml`<tt:Min>0</tt:Min><tt:Max>100</tt:Max>`));
        return xml`<timg:GetOptionsResponse><timg:ImagingOptions>${ranges}</timg:ImagingOptions></timg:GetOptionsResponse>`;
      },
      'timg:GetMoveOptions': (call) => {
        requireVideoSource(call.operation);
        return xml`<timg:GetMoveOptionsResponse><timg:MoveOptions/></timg:GetMoveOptionsResponse>`;
      },
      'timg:GetStatus': (call) => {
        requireVideoSource(call.operation);
        return status();
      },
    },
  });
}

function requireVideoSource(operation: XmlElement): void {
  if (childText(operation, 'VideoSourceToken') === TOKENS.videoSource) return;
  throw invalidArgument('NoSource', 'The requested VideoSource does not exist');
}

/** All values are checked before one is taken over. A setting that this camera has not is refused. */
function readSettings(given: XmlElement | undefined): [string, number][] {
  return (given?.children ?? []).map(({ name, text }): [string, number] => {
    if (!SETTINGS.some((known) => known === name)) throw actionNotSupported(`The camera has no imaging setting ${name}`);
    const value = Number(text);
    if (text === '' || !(value >= 0 && value <= 100)) {
      throw invalidArgument('SettingsInvalid', 'The requested settings are incorrect');
    }
    return [name, value];
  });
}

/** The lens does not move: the focus is where it is. */
function status(): Markup {
  return xml`<timg:GetStatusResponse><timg:Status><tt:FocusStatus20>
    <tt:Position>0</tt:Position><tt:MoveStatus>IDLE</tt:MoveStatus>
  </tt:FocusStatus20></timg:Status></timg:GetStatusResponse>`;
}
