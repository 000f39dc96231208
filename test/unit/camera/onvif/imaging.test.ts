import { describe, expect, it } from 'vitest';
import type { OnvifImaging } from '../../../../src/camera/onvif/imaging.ts';
import { findElement, textAt } from '../../../../src/camera/xml.ts';
import { connectTo, type Answer, type Request } from './scripted-camera.ts';

async function start(answers: Record<string, Answer>): Promise<{ imaging: OnvifImaging; requests: Request[] }> {
  const { device, requests } = await connectTo(answers, 'ver20/imaging');
  if (device.imaging === null) throw new Error('the imaging service was not found');
  return { imaging: device.imaging, requests };
}

describe('imaging', () => {
  it('reads the settings that the camera has', async () => {
    const settings =
      '<tt:Brightness>0</tt:Brightness><tt:Contrast>50.5</tt:Contrast><tt:Sharpness/><tt:IrCutFilter>auto</tt:IrCutFilter>';
    const { imaging, requests } = await start({
      GetImagingSettings: `<r><timg:ImagingSettings>${settings}</timg:ImagingSettings></r>`,
    });
    expect(await imaging.settings('<v>&1')).toEqual({
      brightness: 0,
      colorSaturation: null,
      contrast: 50.5,
      sharpness: null,
      irCutFilter: 'AUTO',
    });
    expect(textAt(requests.at(-1)?.body, 'VideoSourceToken')).toBe('<v>&1');
  });

  it('reads what they can be set to', async () => {
    const range = (name: string, min: number, max: number): string =>
      `<tt:${name}><tt:Min>${min}</tt:Min><tt:Max>${max}</tt:Max></tt:${name}>`;
    const modes = '<tt:IrCutFilterModes>ON</tt:IrCutFilterModes><tt:IrCutFilterModes>OFF</tt:IrCutFilterModes>';
    const { imaging } = await start({
      GetOptions: `<r><ImagingOptions>${range('Brightness', 0, 100)}${range('Sharpness', -1, 1)}<tt:Contrast/>${modes}</ImagingOptions></r>`,
    });
    expect(await imaging.options('v')).toEqual({
      brightness: { min: 0, max: 100 },
      colorSaturation: null,
      contrast: null,
      sharpness: { min: -1, max: 1 },
      irCutFilter: ['ON', 'OFF'],
    });
  });

  it('changes what is given, 0 as well, in the order of the schema, and for good', async () => {
    const { imaging, requests } = await start({ SetImagingSettings: '<r/>' });
    await imaging.set('v<1>', { sharpness: 7, brightness: 0, irCutFilter: 'OFF' });
    const body = requests.at(-1)?.body;
    expect(findElement(body, 'ImagingSettings')?.children.map(({ name, text }) => `${name} ${text}`)).toEqual([
      'Brightness 0',
      'IrCutFilter OFF',
      'Sharpness 7',
    ]);
    expect([textAt(body, 'VideoSourceToken'), textAt(body, 'ForcePersistence')]).toEqual(['v<1>', 'true']);
  });
});
