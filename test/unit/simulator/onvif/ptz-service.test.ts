import { beforeEach, describe, expect, it } from 'vitest';
import { imagingService } from '../../../../src/simulator/onvif/imaging-service.ts';
import { ptzService } from '../../../../src/simulator/onvif/ptz-service.ts';
import type { Service } from '../../../../src/simulator/onvif/service.ts';
import { SIMULATED_PROFILES } from '../../../../src/simulator/profiles.ts';
import { PtzState } from '../../../../src/simulator/ptz-state.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { faultOf, invoke } from './invoke.ts';
import { find, findAll } from './soap-client.ts';

let now: number;
let service: Service;

beforeEach(() => {
  now = Date.parse('2026-11-21T10:00:00Z');
  service = ptzService({ ptz: new PtzState(), timeline: new Timeline({ now: () => now }), profiles: SIMULATED_PROFILES });
});

const PROFILE = '<tptz:ProfileToken>main</tptz:ProfileToken>';

async function status(): Promise<{ pan: number; tilt: number; zoom: number; moving: string[] }> {
  const answer = await invoke(service, 'tptz:GetStatus', PROFILE);
  const position = find(answer, 'Position');
  const [panTilt, zoom] = position?.children ?? [];
  return {
    pan: Number(panTilt?.attributes.get('x')),
    tilt: Number(panTilt?.attributes.get('y')),
    zoom: Number(zoom?.attributes.get('x')),
    moving: find(answer, 'MoveStatus')?.children.map(({ text }) => text) ?? [],
  };
}

describe('ptzService', () => {
  it('moves on until it is stopped', async () => {
    await invoke(service, 'tptz:ContinuousMove', `${PROFILE}<tptz:Velocity><tt:PanTilt x="1" y="-0.5"/></tptz:Velocity>`);
    now += 500;
    const moving = await status();
    expect(moving.pan).toBeGreaterThan(0);
    expect(moving.tilt).toBeCloseTo(-moving.pan / 2);
    expect(moving.moving).toEqual(['MOVING', 'IDLE']);
    await invoke(service, 'tptz:Stop', PROFILE);
    now += 500;
    expect(await status()).toEqual({ ...moving, moving: ['IDLE', 'IDLE'] });
  });

  it("ends a move at the request's timeout", async () => {
    await invoke(
      service,
      'tptz:ContinuousMove',
      `${PROFILE}<tptz:Velocity><tt:Zoom x="1"/></tptz:Velocity><tptz:Timeout>PT1S</tptz:Timeout>`,
    );
    now += 1_000;
    const { zoom } = await status();
    now += 60_000;
    expect((await status()).zoom).toBe(zoom);
  });

  it('stops only the axes that Stop names', async () => {
    const velocity = '<tptz:Velocity><tt:PanTilt x="0.1" y="0"/><tt:Zoom x="0.1"/></tptz:Velocity>';
    await invoke(service, 'tptz:ContinuousMove', `${PROFILE}${velocity}`);
    await invoke(service, 'tptz:Stop', `${PROFILE}<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>false</tptz:Zoom>`);
    expect((await status()).moving).toEqual(['IDLE', 'MOVING']);
  });

  it('goes to a position, by a way and home', async () => {
    await invoke(
      service,
      'tptz:AbsoluteMove',
      `${PROFILE}<tptz:Position><tt:PanTilt x="0.5" y="-0.25"/><tt:Zoom x="0.75"/></tptz:Position>`,
    );
    now += 60_000;
    expect(await status()).toMatchObject({ pan: 0.5, tilt: -0.25, zoom: 0.75 });
    await invoke(service, 'tptz:RelativeMove', `${PROFILE}<tptz:Translation><tt:Zoom x="-0.5"/></tptz:Translation>`);
    now += 60_000;
    expect(await status()).toMatchObject({ pan: 0.5, tilt: -0.25, zoom: 0.25 });
    await invoke(service, 'tptz:GotoHomePosition', PROFILE);
    now += 60_000;
    expect(await status()).toMatchObject({ pan: 0, tilt: 0, zoom: 0 });
  });

  it('goes slower at a lower speed', async () => {
    const move = (speed: string): Promise<unknown> =>
      invoke(service, 'tptz:AbsoluteMove', `${PROFILE}<tptz:Position><tt:PanTilt x="1" y="0"/></tptz:Position>${speed}`);
    await move('<tptz:Speed><tt:PanTilt x="0.5" y="0.5"/></tptz:Speed>');
    now += 500;
    const slow = (await status()).pan;
    await move('');
    now += 500;
    expect((await status()).pan - slow).toBeCloseTo(2 * slow);
  });

  it('keeps presets, lists them, goes to them and removes them', async () => {
    const set = await invoke(service, 'tptz:SetPreset', `${PROFILE}<tptz:PresetName>Gate &amp; yard</tptz:PresetName>`);
    const token = `<tptz:PresetToken>${find(set, 'PresetToken')?.text}</tptz:PresetToken>`;
    await invoke(service, 'tptz:AbsoluteMove', `${PROFILE}<tptz:Position><tt:PanTilt x="1" y="1"/></tptz:Position>`);
    now += 60_000;
    await invoke(service, 'tptz:GotoPreset', PROFILE + token);
    now += 60_000;
    expect(await status()).toMatchObject({ pan: 0, tilt: 0 });
    const presets = async (): Promise<(string | undefined)[]> =>
      findAll(await invoke(service, 'tptz:GetPresets', PROFILE), 'Preset').map((preset) => find(preset, 'Name')?.text);
    expect(await presets()).toEqual(['Gate & yard']);
    await invoke(service, 'tptz:RemovePreset', PROFILE + token);
    expect(await presets()).toEqual([]);
    expect(await faultOf(service, 'tptz:GotoPreset', PROFILE + token)).toEqual(['InvalidArgVal', 'NoToken']);
    expect(await faultOf(service, 'tptz:SetPreset', PROFILE + token)).toEqual(['InvalidArgVal', 'NoToken']);
  });

  it('takes as many presets as it says and no more', async () => {
    const room = Number(find(await invoke(service, 'tptz:GetNodes'), 'MaximumNumberOfPresets')?.text);
    for (let index = 0; index < room; index += 1) await invoke(service, 'tptz:SetPreset', PROFILE);
    expect(await faultOf(service, 'tptz:SetPreset', PROFILE)).toEqual(['Action', 'TooManyPresets']);
  });

  it.each([
    ['ContinuousMove', '<tptz:Velocity><tt:PanTilt x="1.1" y="0"/></tptz:Velocity>', 'InvalidVelocity'],
    ['AbsoluteMove', '<tptz:Position><tt:Zoom x="-0.1"/></tptz:Position>', 'InvalidPosition'],
    ['AbsoluteMove', '<tptz:Position><tt:PanTilt x="left" y="0"/></tptz:Position>', 'InvalidPosition'],
    ['AbsoluteMove', '<tptz:Position><tt:PanTilt x="0"/></tptz:Position>', 'InvalidPosition'],
    ['RelativeMove', '<tptz:Translation><tt:PanTilt x="0" y="-2"/></tptz:Translation>', 'InvalidTranslation'],
    ['AbsoluteMove', '<tptz:Position><tt:PanTilt x="0" y="0" space="urn:degrees"/></tptz:Position>', 'SpaceNotSupported'],
    ['GotoHomePosition', '<tptz:Speed><tt:PanTilt x="2" y="0"/></tptz:Speed>', 'InvalidSpeed'],
    ['ContinuousMove', '<tptz:Velocity/><tptz:Timeout>PT61S</tptz:Timeout>', 'TimeoutNotSupported'],
    ['ContinuousMove', '<tptz:Velocity/><tptz:Timeout>soon</tptz:Timeout>', 'TimeoutNotSupported'],
  ])('refuses %s %s', async (operation, content, subcode) => {
    expect(await faultOf(service, `tptz:${operation}`, PROFILE + content)).toEqual(['InvalidArgVal', subcode]);
    expect(await status()).toEqual({ pan: 0, tilt: 0, zoom: 0, moving: ['IDLE', 'IDLE'] });
  });

  it('refuses profiles, nodes and configurations that it has not', async () => {
    expect(await faultOf(service, 'tptz:GetStatus', '<tptz:ProfileToken>x</tptz:ProfileToken>')).toEqual([
      'InvalidArgVal',
      'NoProfile',
    ]);
    expect(await faultOf(service, 'tptz:GetNode', '<tptz:NodeToken>x</tptz:NodeToken>')).toEqual(['InvalidArgVal', 'NoEntity']);
    expect(await faultOf(service, 'tptz:GetConfigurationOptions')).toEqual(['InvalidArgVal', 'NoConfig']);
  });
});

describe('imagingService', () => {
  const SOURCE = '<timg:VideoSourceToken>video-source</timg:VideoSourceToken>';

  it('keeps the settings that it was given and leaves the others', async () => {
    const imaging = imagingService();
    await invoke(
      imaging,
      'timg:SetImagingSettings',
      `${SOURCE}<timg:ImagingSettings><tt:Contrast>80</tt:Contrast></timg:ImagingSettings>`,
    );
    const settings = await invoke(imaging, 'timg:GetImagingSettings', SOURCE);
    expect([find(settings, 'Contrast')?.text, find(settings, 'Brightness')?.text]).toEqual(['80', '50']);
  });

  it('takes over nothing of settings of which one is wrong', async () => {
    const imaging = imagingService();
    const wrong = '<timg:ImagingSettings><tt:Brightness>10</tt:Brightness><tt:Contrast>101</tt:Contrast></timg:ImagingSettings>';
    expect(await faultOf(imaging, 'timg:SetImagingSettings', SOURCE + wrong)).toEqual(['InvalidArgVal', 'SettingsInvalid']);
    expect(find(await invoke(imaging, 'timg:GetImagingSettings', SOURCE), 'Brightness')?.text).toBe('50');
    expect(await faultOf(imaging, 'timg:GetOptions')).toEqual(['InvalidArgVal', 'NoSource']);
  });
});
