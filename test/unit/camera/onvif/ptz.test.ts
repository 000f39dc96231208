import { describe, expect, it } from 'vitest';
import type { OnvifPtz } from '../../../../src/camera/onvif/ptz.ts';
import { findElement, textAt, type XmlElement } from '../../../../src/camera/xml.ts';
import { connectTo, errorOf, fault, refuse, type Answer, type Request } from './scripted-camera.ts';

/** A profile and a preset whose tokens would break a request that is not escaped. */
const PROFILE = '<p>&"1"';
const PRESET = `0<'&`;

async function start(answers: Record<string, Answer>): Promise<{ ptz: OnvifPtz; last: () => XmlElement; requests: Request[] }> {
  const { device, requests } = await connectTo(answers, 'ver20/ptz');
  if (device.ptz === null) throw new Error('the PTZ service was not found');
  return { ptz: device.ptz, requests, last: () => requests.at(-1)?.body ?? fail() };
}

function fail(): never {
  throw new Error('no request came');
}

const attributes = (element: XmlElement | undefined): Record<string, string> | undefined =>
  element === undefined ? undefined : Object.fromEntries(element.attributes);

describe('PTZ', () => {
  it('is not there where the device does not list it', async () => {
    const { device } = await connectTo({}, 'ver10/media');
    expect(device.ptz).toBeNull();
  });

  it('lists every node, with its presets, home and spaces', async () => {
    const space = (name: string, kind: string): string =>
      `<tt:${name}><tt:URI>http://www.onvif.org/ver10/tptz/PanTiltSpaces/${kind}</tt:URI><tt:XRange/></tt:${name}>`;
    const node = (token: string, home: boolean): string =>
      `<PTZNode token="${token}"><tt:Name>n${token}</tt:Name><tt:SupportedPTZSpaces>` +
      `${space('AbsolutePanTiltPositionSpace', 'PositionGenericSpace')}${space('ContinuousPanTiltVelocitySpace', 'VelocityGenericSpace')}` +
      `</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>128</tt:MaximumNumberOfPresets><tt:HomeSupported>${home}</tt:HomeSupported></PTZNode>`;
    const { ptz } = await start({ GetNodes: `<r>${node('001', true)}${node('1.0', false)}<PTZNode/></r>` });
    const spaces = ['PositionGenericSpace', 'VelocityGenericSpace'];
    expect(await ptz.nodes()).toEqual([
      { token: '001', name: 'n001', maximumPresets: 128, hasHome: true, spaces },
      { token: '1.0', name: 'n1.0', maximumPresets: 128, hasHome: false, spaces },
    ]);
  });

  it('reads position and movement as far as the camera tells them', async () => {
    const status = (content: string): string => `<r><PTZStatus>${content}</PTZStatus></r>`;
    const position = '<tt:Position><tt:PanTilt x="-0.5" y="1e-1"/><tt:Zoom x="0"/></tt:Position>';
    const read = async (content: string): Promise<unknown> => (await start({ GetStatus: status(content) })).ptz.status(PROFILE);
    const moving = '<tt:MoveStatus><tt:PanTilt>MOVING</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom></tt:MoveStatus>';
    expect(await read(`${position}${moving}<tt:Error>NO error</tt:Error>`)).toEqual({
      position: { panTilt: { x: -0.5, y: 0.1 }, zoom: 0 },
      moving: true,
      error: null,
    });
    expect(
      await read('<tt:Position><tt:Zoom x="0.5"/><tt:PanTilt x="nan" y="0"/></tt:Position><tt:Error>Motor\nstuck</tt:Error>'),
    ).toEqual({
      position: { zoom: 0.5 },
      moving: null,
      error: 'Motor stuck',
    });
    expect(await read('<tt:MoveStatus><tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>UNKNOWN</tt:Zoom></tt:MoveStatus>')).toMatchObject({
      moving: false,
    });
  });

  it('moves the axes that are meant and no other', async () => {
    const { ptz, last } = await start({ ContinuousMove: '<r/>', RelativeMove: '<r/>', AbsoluteMove: '<r/>' });
    await ptz.continuousMove(PROFILE, { panTilt: { x: -1, y: 0.5 } }, 1500);
    expect(textAt(last(), 'ProfileToken')).toBe(PROFILE);
    expect(attributes(findElement(last(), 'Velocity', 'PanTilt'))).toEqual({ x: '-1', y: '0.5' });
    expect(findElement(last(), 'Velocity', 'Zoom')).toBeUndefined();
    expect(textAt(last(), 'Timeout')).toBe('PT1.5S');

    await ptz.relativeMove(PROFILE, { zoom: 0.1 });
    expect(attributes(findElement(last(), 'Translation', 'Zoom'))).toEqual({ x: '0.1' });
    expect(findElement(last(), 'Translation', 'PanTilt')).toBeUndefined();
    expect(findElement(last(), 'Speed')).toBeUndefined();

    await ptz.absoluteMove(PROFILE, { panTilt: { x: 0, y: 0 } }, { panTilt: { x: 1, y: 1 } });
    expect(attributes(findElement(last(), 'Position', 'PanTilt'))).toEqual({ x: '0', y: '0' });
    expect(findElement(last(), 'Position', 'Zoom')).toBeUndefined();
    expect(attributes(findElement(last(), 'Speed', 'PanTilt'))).toEqual({ x: '1', y: '1' });
  });

  it('stops everything by name', async () => {
    const { ptz, last } = await start({ Stop: '<r/>' });
    await ptz.stop(PROFILE);
    expect(['ProfileToken', 'PanTilt', 'Zoom'].map((name) => textAt(last(), name))).toEqual([PROFILE, 'true', 'true']);
  });

  it('lists presets by their tokens: names may be missing or the same, tokens may look like numbers', async () => {
    const presets =
      '<Preset token="1.0"><tt:Name>Gate</tt:Name><tt:PTZPosition><tt:PanTilt x="1" y="0"/></tt:PTZPosition></Preset>' +
      '<Preset token="2"><tt:Name>Gate</tt:Name></Preset><Preset token="03"/><Preset><tt:Name>nobody</tt:Name></Preset>';
    const { ptz } = await start({ GetPresets: `<r>${presets}</r>` });
    expect(await ptz.presets(PROFILE)).toEqual([
      { token: '1.0', name: 'Gate', position: { panTilt: { x: 1, y: 0 } } },
      { token: '2', name: 'Gate', position: {} },
      { token: '03', name: '03', position: {} },
    ]);
  });

  it('goes to presets and home, keeps and removes them', async () => {
    const { ptz, last, requests } = await start({
      GotoPreset: '<r/>',
      SetPreset: '<r><PresetToken>007</PresetToken></r>',
      RemovePreset: '<r/>',
      GotoHomePosition: '<r/>',
      SetHomePosition: '<r/>',
    });
    await ptz.gotoPreset(PROFILE, PRESET);
    expect([textAt(last(), 'ProfileToken'), textAt(last(), 'PresetToken')]).toEqual([PROFILE, PRESET]);
    expect(await ptz.setPreset(PROFILE, 'Tür & <Tor>')).toBe('007');
    expect([textAt(last(), 'ProfileToken'), textAt(last(), 'PresetName')]).toEqual([PROFILE, 'Tür & <Tor>']);
    await ptz.removePreset(PROFILE, PRESET);
    expect([textAt(last(), 'ProfileToken'), textAt(last(), 'PresetToken')]).toEqual([PROFILE, PRESET]);
    await ptz.gotoHome(PROFILE);
    await ptz.setHome(PROFILE);
    expect(requests.slice(-2).map(({ name, body }) => `${name} ${textAt(body, 'ProfileToken')}`)).toEqual([
      `GotoHomePosition ${PROFILE}`,
      `SetHomePosition ${PROFILE}`,
    ]);
  });

  it('says the SOAP action of the request, with the namespace of the service', async () => {
    const { ptz, requests } = await start({ GetNodes: '<r/>', Stop: '<r/>' });
    await ptz.nodes();
    expect(requests.at(-1)?.headers['content-type']).toContain('action="http://www.onvif.org/ver20/ptz/wsdl/GetNodes"');
    await ptz.stop('p');
    expect(requests.at(-1)?.headers['content-type']).toContain('action="http://www.onvif.org/ver20/ptz/wsdl/Stop"');
    expect(requests.at(-1)?.text).toContain('<Stop xmlns="http://www.onvif.org/ver20/ptz/wsdl">');
  });

  it('tells what the camera cannot do, with what to do about it', async () => {
    const { ptz } = await start({ GotoHomePosition: refuse(500, fault('ter:ActionNotSupported', 'No home position')) });
    const error = await errorOf(ptz.gotoHome('p'));
    expect(error.message).toContain('refused GotoHomePosition: No home position (ActionNotSupported)');
    expect(error.advice).toContain('The camera cannot do this');
  });
});
