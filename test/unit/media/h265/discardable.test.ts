import { expect, it } from 'vitest';
import { ParameterSets } from '../../../../src/media/h265/stored-parameter-sets.ts';
import { H265_IDR, H265_SETS, h265Slice } from '../h265-camera.ts';

const TRAIL_N = 0;
const TRAIL_R = 1;
const RSV_VCL_N14 = 14;
const RSV_VCL_R15 = 15;
const RSV_IRAP_VCL22 = 22;

/** A slice whose picture has the TemporalId. */
function slice(type: number, temporalId = 0): Buffer {
  const nal = Buffer.from(h265Slice(type));
  nal.writeUInt8(temporalId + 1, 1);
  return nal;
}

/** The stored parameter sets of an encoder whose SPS says that there are so many sub-layers above the first. */
function parameterSets(highest: number): ParameterSets {
  const sets = H265_SETS.map((nal) => Buffer.from(nal));
  const [, sps] = sets;
  // sps_max_sub_layers_minus1 stands behind the four bits of sps_video_parameter_set_id (ITU-T H.265 section 7.3.2.2.1).
  if (highest > 0 && sps !== undefined) {
    const isNested = sps.readUInt8(2) & 0xf1;
    sps.writeUInt8(isNested | (highest << 1), 2);
    // Two bytes of flags for sub-layers, none of them set, behind general_level_idc (section 7.3.3).
    const general = 2 + 1 + 12;
    sets[1] = Buffer.concat([sps.subarray(0, general), Buffer.alloc(2), sps.subarray(general)]);
  }
  const parameters = new ParameterSets([]);
  parameters.apply([...sets, H265_IDR]);
  return parameters;
}

it('a picture of H.265 is discardable where no other of its sub-layer refers to it, and no sub-layer is above that', () => {
  const single = parameterSets(0);
  expect([TRAIL_N, TRAIL_R, RSV_VCL_N14, RSV_VCL_R15, RSV_IRAP_VCL22].map((type) => single.isDiscardable([slice(type)]))).toEqual(
    [true, false, true, false, false],
  );
  const layered = parameterSets(2);
  expect([0, 1, 2].map((layer) => layered.isDiscardable([slice(TRAIL_N, layer)]))).toEqual([false, false, true]);
  expect(layered.isDiscardable([slice(TRAIL_R, 2)])).toBe(false);
});

it('a picture of H.265 is not discardable with parameter sets in it, with one slice that others refer to, without a slice, or while nothing is known', () => {
  const single = parameterSets(0);
  expect(single.isDiscardable([...H265_SETS, slice(TRAIL_N)])).toBe(false);
  expect(single.isDiscardable([slice(TRAIL_N), slice(TRAIL_R)])).toBe(false);
  expect(single.isDiscardable([])).toBe(false);
  expect(new ParameterSets([]).isDiscardable([slice(TRAIL_N)])).toBe(false);
});
