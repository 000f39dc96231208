import { TOKENS } from './media-configurations.ts';
import { element, xml, type Markup } from './xml.ts';

const SPACES = 'http://www.onvif.org/ver10/tptz';

/** The generic spaces of the PTZ Service Specification: all this camera knows. */
export const PAN_TILT_POSITION = `${SPACES}/PanTiltSpaces/PositionGenericSpace`;
export const ZOOM_POSITION = `${SPACES}/ZoomSpaces/PositionGenericSpace`;
const PAN_TILT_TRANSLATION = `${SPACES}/PanTiltSpaces/TranslationGenericSpace`;
const ZOOM_TRANSLATION = `${SPACES}/ZoomSpaces/TranslationGenericSpace`;
const PAN_TILT_VELOCITY = `${SPACES}/PanTiltSpaces/VelocityGenericSpace`;
const ZOOM_VELOCITY = `${SPACES}/ZoomSpaces/VelocityGenericSpace`;
const PAN_TILT_SPEED = `${SPACES}/PanTiltSpaces/GenericSpeedSpace`;
const ZOOM_SPEED = `${SPACES}/ZoomSpaces/ZoomGenericSpeedSpace`;

const SIGNED = xml`<tt:Min>-1</tt:Min><tt:Max>1</tt:Max>`;
const UNSIGNED = xml`<tt:Min>0</tt:Min><tt:Max>1</tt:Max>`;

function plane(uri: string): Markup {
  return xml`<tt:URI>${uri}</tt:URI><tt:XRange>${SIGNED}</tt:XRange><tt:YRange>${SIGNED}</tt:YRange>`;
}

function line(uri: string, range: Markup): Markup {
  return xml`<tt:URI>${uri}</tt:URI><tt:XRange>${range}</tt:XRange>`;
}

/** tt:PTZSpaces */
export const SUPPORTED_SPACES = xml`
  <tt:AbsolutePanTiltPositionSpace>${plane(PAN_TILT_POSITION)}</tt:AbsolutePanTiltPositionSpace>
  <tt:AbsoluteZoomPositionSpace>${line(ZOOM_POSITION, UNSIGNED)}</tt:AbsoluteZoomPositionSpace>
  <tt:RelativePanTiltTranslationSpace>${plane(PAN_TILT_TRANSLATION)}</tt:RelativePanTiltTranslationSpace>
  <tt:RelativeZoomTranslationSpace>${line(ZOOM_TRANSLATION, SIGNED)}</tt:RelativeZoomTranslationSpace>
  <tt:ContinuousPanTiltVelocitySpace>${plane(PAN_TILT_VELOCITY)}</tt:ContinuousPanTiltVelocitySpace>
  <tt:ContinuousZoomVelocitySpace>${line(ZOOM_VELOCITY, SIGNED)}</tt:ContinuousZoomVelocitySpace>
  <tt:PanTiltSpeedSpace>${line(PAN_TILT_SPEED, UNSIGNED)}</tt:PanTiltSpeedSpace>
  <tt:ZoomSpeedSpace>${line(ZOOM_SPEED, UNSIGNED)}</tt:ZoomSpeedSpace>`;

/** Longest ContinuousMove without a further command, seconds. */
export const MAX_MOVE_SECONDS = 60;

/** How long a ContinuousMove lasts that names no timeout, seconds. */
export const DEFAULT_MOVE_SECONDS = 10;

export function ptzConfiguration(elementName: string, useCount: number): Markup {
  return element(
    elementName,
    { token: TOKENS.ptzConfiguration },
    xml`<tt:Name>PTZ</tt:Name><tt:UseCount>${useCount}</tt:UseCount>
      <tt:NodeToken>${TOKENS.ptzNode}</tt:NodeToken>
      <tt:DefaultAbsolutePantTiltPositionSpace>${PAN_TILT_POSITION}</tt:DefaultAbsolutePantTiltPositionSpace>
      <tt:DefaultAbsoluteZoomPositionSpace>${ZOOM_POSITION}</tt:DefaultAbsoluteZoomPositionSpace>
      <tt:DefaultRelativePanTiltTranslationSpace>${PAN_TILT_TRANSLATION}</tt:DefaultRelativePanTiltTranslationSpace>
      <tt:DefaultRelativeZoomTranslationSpace>${ZOOM_TRANSLATION}</tt:DefaultRelativeZoomTranslationSpace>
      <tt:DefaultContinuousPanTiltVelocitySpace>${PAN_TILT_VELOCITY}</tt:DefaultContinuousPanTiltVelocitySpace>
      <tt:DefaultContinuousZoomVelocitySpace>${ZOOM_VELOCITY}</tt:DefaultContinuousZoomVelocitySpace>
      <tt:DefaultPTZSpeed><tt:PanTilt x="1" y="1" space="${PAN_TILT_SPEED}"/><tt:Zoom x="1" space="${ZOOM_SPEED}"/></tt:DefaultPTZSpeed>
      <tt:DefaultPTZTimeout>PT${DEFAULT_MOVE_SECONDS}S</tt:DefaultPTZTimeout>
      <tt:PanTiltLimits><tt:Range>${plane(PAN_TILT_POSITION)}</tt:Range></tt:PanTiltLimits>
      <tt:ZoomLimits><tt:Range>${line(ZOOM_POSITION, UNSIGNED)}</tt:Range></tt:ZoomLimits>`,
  );
}
