import { describe, expect, it } from 'vitest';
import { MAX_PRESETS, PtzState } from '../../../../src/simulator/ptz-state.ts';

describe('PtzState', () => {
  it('starts at rest in the middle', () => {
    const ptz = new PtzState();
    expect(ptz.position(1_000)).toEqual({ pan: 0, tilt: 0, zoom: 0 });
    expect(ptz.moveStatus(1_000)).toEqual({ panTilt: 'IDLE', zoom: 'IDLE' });
  });

  it('moves on as long as a continuous move lasts, at the speed asked for', () => {
    const ptz = new PtzState();
    ptz.moveContinuously({ pan: 0.5, tilt: -1 }, 1_000);
    expect(ptz.position(2_000)).toEqual({ pan: 0.25, tilt: -0.5, zoom: 0 });
    expect(ptz.moveStatus(2_000)).toEqual({ panTilt: 'MOVING', zoom: 'IDLE' });
    ptz.stop(2_000);
    expect(ptz.position(9_000)).toEqual({ pan: 0.25, tilt: -0.5, zoom: 0 });
    expect(ptz.moveStatus(2_000).panTilt).toBe('IDLE');
  });

  it('ends a continuous move at the end of the axis or at its timeout', () => {
    const ptz = new PtzState();
    ptz.moveContinuously({ pan: -1, zoom: 1 }, 0, 1_000);
    expect(ptz.position(60_000)).toEqual({ pan: -0.5, tilt: 0, zoom: 0.5 });
    expect(ptz.moveStatus(1_000)).toEqual({ panTilt: 'IDLE', zoom: 'IDLE' });
    ptz.moveContinuously({ pan: -1, zoom: 1 }, 60_000);
    expect(ptz.position(120_000)).toMatchObject({ pan: -1, zoom: 1 });
    expect(ptz.moveStatus(120_000)).toEqual({ panTilt: 'IDLE', zoom: 'IDLE' });
  });

  it('takes time for absolute and relative moves, and clamps them', () => {
    const ptz = new PtzState();
    ptz.moveTo({ pan: 1, zoom: 0.5 }, 0, 0.5);
    expect(ptz.position(2_000)).toEqual({ pan: 0.5, tilt: 0, zoom: 0.5 });
    expect(ptz.moveStatus(2_000)).toEqual({ panTilt: 'MOVING', zoom: 'IDLE' });
    expect(ptz.position(4_000).pan).toBe(1);
    ptz.moveBy({ pan: -0.25, tilt: 9 }, 4_000);
    expect(ptz.position(10_000)).toEqual({ pan: 0.75, tilt: 1, zoom: 0.5 });
  });

  it('stops zoom and pan/tilt each for itself', () => {
    const ptz = new PtzState();
    ptz.moveContinuously({ pan: 1, zoom: 1 }, 0);
    ptz.stop(500, { panTilt: true, zoom: false });
    expect(ptz.position(1_000)).toMatchObject({ pan: 0.25, zoom: 0.5 });
    ptz.moveContinuously({ pan: 0 }, 1_000);
    expect(ptz.moveStatus(1_000)).toEqual({ panTilt: 'IDLE', zoom: 'MOVING' });
  });

  it('keeps presets, replaces, goes to and removes them', () => {
    const ptz = new PtzState();
    ptz.moveTo({ pan: 0.4, tilt: 0.2, zoom: 0.1 }, 0);
    const door = ptz.setPreset(5_000, { name: 'Door' });
    expect(door).toMatchObject({ name: 'Door', position: { pan: 0.4, tilt: 0.2, zoom: 0.1 } });
    const token = door?.token ?? '';
    ptz.moveTo({ pan: -1 }, 5_000);
    expect(ptz.goToPreset(token, 10_000)).toBe(true);
    expect(ptz.position(20_000).pan).toBeCloseTo(0.4);
    ptz.moveTo({ pan: 0 }, 20_000);
    expect(ptz.setPreset(30_000, { token })).toMatchObject({ token, name: 'Door', position: { pan: 0 } });
    expect(ptz.presets).toHaveLength(1);
    expect(ptz.setPreset(30_000, { token: 'unknown' })).toBeUndefined();
    expect(ptz.removePreset(token)).toBe(true);
    expect(ptz.removePreset(token)).toBe(false);
    expect(ptz.goToPreset(token, 30_000)).toBe(false);
  });

  it('gives each new preset a token of its own and has room for no more than it says', () => {
    const ptz = new PtzState();
    const first = ptz.setPreset(0)?.token ?? '';
    ptz.removePreset(first);
    const tokens = Array.from({ length: MAX_PRESETS }, () => ptz.setPreset(0)?.token);
    expect(new Set([...tokens, first]).size).toBe(MAX_PRESETS + 1);
    expect(ptz.setPreset(0)).toBeUndefined();
  });

  it('goes home', () => {
    const ptz = new PtzState();
    ptz.moveTo({ tilt: -0.5 }, 0);
    ptz.setHome(2_000);
    ptz.moveTo({ tilt: 0.5, zoom: 1 }, 2_000);
    ptz.goHome(10_000);
    expect(ptz.position(20_000)).toEqual({ pan: 0, tilt: -0.5, zoom: 0 });
  });
});
