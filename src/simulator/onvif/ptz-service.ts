import type { InputProfile } from '../profiles.ts';
import { MAX_PRESETS, type PtzPosition, type PtzPreset, type PtzState } from '../ptz-state.ts';
import type { Timeline } from '../timeline.ts';
import { parseDuration } from './duration.ts';
import { TOKENS } from './media-configurations.ts';
import { noConfiguration, profileOf } from './media-service.ts';
import {
  DEFAULT_MOVE_SECONDS,
  MAX_MOVE_SECONDS,
  PAN_TILT_POSITION,
  ptzConfiguration,
  SUPPORTED_SPACES,
  ZOOM_POSITION,
} from './ptz-configuration.ts';
import { defineService, type Handler, type Service } from './service.ts';
import { invalidArgument, SoapFault } from './soap.ts';
import { child, childFlag, childText, element, xml, type Markup, type XmlElement } from './xml.ts';

export interface PtzServiceOptions {
  ptz: PtzState;
  timeline: Timeline;
  profiles: readonly InputProfile[];
}

const CAPABILITIES = xml`<tptz:Capabilities EFlip="false" Reverse="false" GetCompatibleConfigurations="true" MoveStatus="true" StatusPosition="true"/>`;

/** PTZ (ver20): one node, on which every profile turns the same camera. */
export function ptzService(options: PtzServiceOptions): Service {
  const { ptz, timeline, profiles } = options;
  const uses = profiles.length;
  /** An operation on the camera that a media profile selects. */
  const onProfile =
    (act: (operation: XmlElement, now: number) => Markup): Handler =>
    (call) => {
      profileOf(call.operation, profiles);
      return act(call.operation, timeline.now());
    };

  return defineService({
    prefix: 'tptz',
    path: '/onvif/ptz_service',
    version: { major: 2, minor: 60 },
    capabilities: CAPABILITIES,
    operations: {
      'tptz:GetNodes': () => xml`<tptz:GetNodesResponse>${node()}</tptz:GetNodesResponse>`,
      'tptz:GetNode': (call) => {
        if (childText(call.operation, 'NodeToken') !== TOKENS.ptzNode)
          throw invalidArgument('NoEntity', 'No such PTZ node on the device');
        return xml`<tptz:GetNodeResponse>${node()}</tptz:GetNodeResponse>`;
      },
      'tptz:GetConfigurations': () =>
        xml`<tptz:GetConfigurationsResponse>${ptzConfiguration('tptz:PTZConfiguration', uses)}</tptz:GetConfigurationsResponse>`,
      'tptz:GetCompatibleConfigurations': (call) => {
        profileOf(call.operation, profiles);
        const configuration = ptzConfiguration('tptz:PTZConfiguration', uses);
        return xml`<tptz:GetCompatibleConfigurationsResponse>${configuration}</tptz:GetCompatibleConfigurationsResponse>`;
      },
      'tptz:GetConfiguration': (call) => {
        requireConfiguration(childText(call.operation, 'PTZConfigurationToken'));
        return xml`<tptz:GetConfigurationResponse>${ptzConfiguration('tptz:PTZConfiguration', uses)}</tptz:GetConfigurationResponse>`;
      },
      'tptz:GetConfigurationOptions': (call) => {
        requireConfiguration(childText(call.operation, 'ConfigurationToken'));
        return xml`<tptz:GetConfigurationOptionsResponse><tptz:PTZConfigurationOptions>
          <tt:Spaces>${SUPPORTED_SPACES}</tt:Spaces>
          <tt:PTZTimeout><tt:Min>PT0S</tt:Min><tt:Max>PT${MAX_MOVE_SECONDS}S</tt:Max></tt:PTZTimeout>
        </tptz:PTZConfigurationOptions></tptz:GetConfigurationOptionsResponse>`;
      },
      'tptz:GetStatus': onProfile((_, now) => status(ptz, now, timeline.cameraTimeAt(now))),
      'tptz:ContinuousMove': onProfile((operation, now) => {
        const velocity = readVector(child(operation, 'Velocity'), { minimumZoom: -1, subcode: 'InvalidVelocity' });
        ptz.moveContinuously(velocity, now, moveTimeout(childText(operation, 'Timeout')));
        return xml`<tptz:ContinuousMoveResponse/>`;
      }),
      'tptz:AbsoluteMove': onProfile((operation, now) => {
        const { pan, tilt, zoom } = readVector(child(operation, 'Position'), { minimumZoom: 0, subcode: 'InvalidPosition' });
        const speed = readSpeed(operation);
        if (pan !== undefined && tilt !== undefined) ptz.moveTo({ pan, tilt }, now, speed.panTilt);
        if (zoom !== undefined) ptz.moveTo({ zoom }, now, speed.zoom);
        return xml`<tptz:AbsoluteMoveResponse/>`;
      }),
      'tptz:RelativeMove': onProfile((operation, now) => {
        const { pan, tilt, zoom } = readVector(child(operation, 'Translation'), {
          minimumZoom: -1,
          subcode: 'InvalidTranslation',
        });
        const speed = readSpeed(operation);
        if (pan !== undefined && tilt !== undefined) ptz.moveBy({ pan, tilt }, now, speed.panTilt);
        if (zoom !== undefined) ptz.moveBy({ zoom }, now, speed.zoom);
        return xml`<tptz:RelativeMoveResponse/>`;
      }),
      'tptz:Stop': onProfile((operation, now) => {
        ptz.stop(now, { panTilt: childFlag(operation, 'PanTilt') ?? true, zoom: childFlag(operation, 'Zoom') ?? true });
        return xml`<tptz:StopResponse/>`;
      }),
      'tptz:GetPresets': onProfile(() => xml`<tptz:GetPresetsResponse>${ptz.presets.map(presetEntry)}</tptz:GetPresetsResponse>`),
      'tptz:SetPreset': onProfile((operation, now) => {
        const token = childText(operation, 'PresetToken') ?? '';
        const name = childText(operation, 'PresetName') ?? '';
        const preset = ptz.setPreset(now, { ...(token === '' ? {} : { token }), ...(name === '' ? {} : { name }) });
        if (preset === undefined && token !== '') throw noPreset();
        if (preset === undefined)
          throw new SoapFault('Receiver', ['Action', 'TooManyPresets'], 'Maximum number of presets reached');
        return xml`<tptz:SetPresetResponse><tptz:PresetToken>${preset.token}</tptz:PresetToken></tptz:SetPresetResponse>`;
      }),
      'tptz:GotoPreset': onProfile((operation, now) => {
        if (!ptz.goToPreset(childText(operation, 'PresetToken') ?? '', now, readSpeed(operation).panTilt)) throw noPreset();
        return xml`<tptz:GotoPresetResponse/>`;
      }),
      'tptz:RemovePreset': onProfile((operation) => {
        if (!ptz.removePreset(childText(operation, 'PresetToken') ?? '')) throw noPreset();
        return xml`<tptz:RemovePresetResponse/>`;
      }),
      'tptz:GotoHomePosition': onProfile((operation, now) => {
        ptz.goHome(now, readSpeed(operation).panTilt);
        return xml`<tptz:GotoHomePositionResponse/>`;
      }),
      'tptz:SetHomePosition': onProfile((_, now) => {
        ptz.setHome(now);
        return xml`<tptz:SetHomePositionResponse/>`;
      }),
    },
  });
}

function node(): Markup {
  return xml`<tptz:PTZNode token="${TOKENS.ptzNode}" FixedHomePosition="false">
    <tt:Name>PTZ</tt:Name>
    <tt:SupportedPTZSpaces>${SUPPORTED_SPACES}</tt:SupportedPTZSpaces>
    <tt:MaximumNumberOfPresets>${MAX_PRESETS}</tt:MaximumNumberOfPresets>
    <tt:HomeSupported>true</tt:HomeSupported>
  </tptz:PTZNode>`;
}

function requireConfiguration(token: string | undefined): void {
  if (token !== TOKENS.ptzConfiguration) throw noConfiguration();
}

function status(ptz: PtzState, now: number, cameraTime: number): Markup {
  const moving = ptz.moveStatus(now);
  return xml`<tptz:GetStatusResponse><tptz:PTZStatus>
    <tt:Position>${position(ptz.position(now))}</tt:Position>
    <tt:MoveStatus><tt:PanTilt>${moving.panTilt}</tt:PanTilt><tt:Zoom>${moving.zoom}</tt:Zoom></tt:MoveStatus>
    <tt:UtcTime>${new Date(cameraTime).toISOString()}</tt:UtcTime>
  </tptz:PTZStatus></tptz:GetStatusResponse>`;
}

/** tt:PTZVector */
function position({ pan, tilt, zoom }: PtzPosition): Markup {
  return xml`<tt:PanTilt x="${pan.toFixed(4)}" y="${tilt.toFixed(4)}" space="${PAN_TILT_POSITION}"/><tt:Zoom x="${zoom.toFixed(4)}" space="${ZOOM_POSITION}"/>`;
}

function presetEntry(preset: PtzPreset): Markup {
  return element(
    'tptz:Preset',
    { token: preset.token },
    xml`<tt:Name>${preset.name}</tt:Name><tt:PTZPosition>${position(preset.position)}</tt:PTZPosition>`,
  );
}

/** The axes of a tt:PTZVector or tt:PTZSpeed that are given; a fault where one is out of range or of an unknown space. */
function readVector(vector: XmlElement | undefined, rules: { minimumZoom: number; subcode: string }): Partial<PtzPosition> {
  const panTilt = child(vector, 'PanTilt');
  const zoom = child(vector, 'Zoom');
  const coordinate = (axis: XmlElement, attribute: string, minimum: number): number => {
    const space = axis.attributes.get('space') ?? '';
    if (space !== '' && !space.endsWith('GenericSpace')) {
      throw invalidArgument('SpaceNotSupported', 'A space is referenced in an argument which is not supported by the PTZ Node');
    }
    const value = Number(axis.attributes.get(attribute) ?? Number.NaN);
    if (!(value >= minimum && value <= 1)) throw invalidArgument(rules.subcode, 'The requested value is out of bounds');
    return value;
  };
  return {
    ...(panTilt && { pan: coordinate(panTilt, 'x', -1), tilt: coordinate(panTilt, 'y', -1) }),
    ...(zoom && { zoom: coordinate(zoom, 'x', rules.minimumZoom) }),
  };
}

/** The optional Speed, 0 to 1; full speed where it is left out. Both axes of pan and tilt move at the faster of their two. */
function readSpeed(operation: XmlElement): { panTilt: number; zoom: number } {
  const speed = child(operation, 'Speed');
  const magnitude = (axis: string): number => {
    const attributes = child(speed, axis)?.attributes;
    if (attributes === undefined) return 1;
    const value = Math.max(Math.abs(Number(attributes.get('x') ?? 0)), Math.abs(Number(attributes.get('y') ?? 0)));
    if (!(value <= 1)) throw invalidArgument('InvalidSpeed', 'The requested speed is out of bounds');
    return value;
  };
  return { panTilt: magnitude('PanTilt'), zoom: magnitude('Zoom') };
}

function moveTimeout(text: string | undefined): number {
  const timeout = text === undefined ? DEFAULT_MOVE_SECONDS * 1_000 : parseDuration(text);
  if (timeout === undefined || timeout < 0 || timeout > MAX_MOVE_SECONDS * 1_000) {
    throw invalidArgument('TimeoutNotSupported', 'The specified timeout argument is not within the supported timeout range');
  }
  return timeout;
}

function noPreset(): SoapFault {
  return invalidArgument('NoToken', 'The requested preset token does not exist');
}
