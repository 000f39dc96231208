/** Pan and tilt are -1 to 1, zoom is 0 to 1: the generic position spaces of the ONVIF PTZ Service Specification. */
export interface PtzPosition {
  pan: number;
  tilt: number;
  zoom: number;
}

export interface PtzPreset {
  token: string;
  name: string;
  position: PtzPosition;
}

export type MoveStatus = 'IDLE' | 'MOVING';

/** Units of the position space that an axis covers in a second at full speed. */
const FULL_SPEED_PER_SECOND = 0.5;

/** As many presets as the camera says it has room for. */
export const MAX_PRESETS = 32;

/** A position on one axis as a function of time: at rest, or moving at an even speed up to a limit. */
class Axis {
  readonly #minimum: number;
  readonly #maximum: number;
  #origin = 0;
  #startedAt = 0;
  /** Units a second; 0 at rest. */
  #rate = 0;
  /** Where a move ends. */
  #goal = 0;

  constructor(minimum: number, maximum: number) {
    this.#minimum = minimum;
    this.#maximum = maximum;
  }

  at(now: number): number {
    const moved = this.#origin + (this.#rate * Math.max(0, now - this.#startedAt)) / 1000;
    return this.#rate < 0 ? Math.max(this.#goal, moved) : Math.min(this.#goal, moved);
  }

  isMoving(now: number): boolean {
    return this.at(now) !== this.#goal;
  }

  /** Moves at `velocity` (-1 to 1) until the end of the axis or for `durationMs`, whichever comes first. */
  push(velocity: number, now: number, durationMs: number): void {
    const rate = clamp(velocity, -1, 1) * FULL_SPEED_PER_SECOND;
    this.#start(this.at(now) + (rate * durationMs) / 1000, Math.abs(rate), now);
  }

  /** Moves to `goal`, at a speed of 0 to 1. */
  go(goal: number, now: number, speed: number): void {
    this.#start(goal, clamp(speed, 0, 1) * FULL_SPEED_PER_SECOND, now);
  }

  stop(now: number): void {
    this.#start(this.at(now), 0, now);
  }

  #start(goal: number, rate: number, now: number): void {
    this.#origin = this.at(now);
    this.#startedAt = now;
    this.#goal = rate === 0 ? this.#origin : clamp(goal, this.#minimum, this.#maximum);
    this.#rate = Math.sign(this.#goal - this.#origin) * rate;
  }
}

/**
 * Where the simulated camera looks. Moves take time: a position is a function of the moment asked for. `now` is milliseconds
 * on any clock that the caller uses for all calls.
 *
 * A position, velocity or translation that leaves an axis out leaves that axis as it is. Values beyond the range are clamped;
 * whoever wants to refuse them checks first.
 */
export class PtzState {
  readonly #axes = { pan: new Axis(-1, 1), tilt: new Axis(-1, 1), zoom: new Axis(0, 1) };
  readonly #presets = new Map<string, PtzPreset>();
  #home: PtzPosition = { pan: 0, tilt: 0, zoom: 0 };
  #presetsMade = 0;

  position(now: number): PtzPosition {
    return { pan: this.#axes.pan.at(now), tilt: this.#axes.tilt.at(now), zoom: this.#axes.zoom.at(now) };
  }

  moveStatus(now: number): { panTilt: MoveStatus; zoom: MoveStatus } {
    const panTilt = this.#axes.pan.isMoving(now) || this.#axes.tilt.isMoving(now);
    return { panTilt: panTilt ? 'MOVING' : 'IDLE', zoom: this.#axes.zoom.isMoving(now) ? 'MOVING' : 'IDLE' };
  }

  /** ContinuousMove: velocities are -1 to 1; ends at the end of the axis, with {@link stop} or after `timeoutMs`. */
  moveContinuously(velocity: Partial<PtzPosition>, now: number, timeoutMs = 3_600_000): void {
    for (const [axis, value] of this.#given(velocity)) axis.push(value, now, timeoutMs);
  }

  /** AbsoluteMove; `speed` is 0 to 1. */
  moveTo(position: Partial<PtzPosition>, now: number, speed = 1): void {
    for (const [axis, value] of this.#given(position)) axis.go(value, now, speed);
  }

  /** RelativeMove, from where the camera looks now; `speed` is 0 to 1. */
  moveBy(translation: Partial<PtzPosition>, now: number, speed = 1): void {
    for (const [axis, value] of this.#given(translation)) axis.go(axis.at(now) + value, now, speed);
  }

  stop(now: number, axes: { panTilt: boolean; zoom: boolean } = { panTilt: true, zoom: true }): void {
    if (axes.panTilt) {
      this.#axes.pan.stop(now);
      this.#axes.tilt.stop(now);
    }
    if (axes.zoom) this.#axes.zoom.stop(now);
  }

  get presets(): PtzPreset[] {
    return [...this.#presets.values()];
  }

  /**
   * Keeps where the camera looks now, under a new token or in place of the preset whose `token` is given.
   * Undefined when that token is unknown or there is no more room.
   */
  setPreset(now: number, options: { token?: string; name?: string } = {}): PtzPreset | undefined {
    const known = options.token === undefined ? undefined : this.#presets.get(options.token);
    if (known === undefined && (options.token !== undefined || this.#presets.size >= MAX_PRESETS)) return undefined;
    if (known === undefined) this.#presetsMade += 1;
    const token = known?.token ?? `preset${this.#presetsMade}`;
    const preset = { token, name: options.name ?? known?.name ?? token, position: this.position(now) };
    this.#presets.set(token, preset);
    return preset;
  }

  /** False when there is no such preset. */
  goToPreset(token: string, now: number, speed = 1): boolean {
    const preset = this.#presets.get(token);
    if (preset !== undefined) this.moveTo(preset.position, now, speed);
    return preset !== undefined;
  }

  /** False when there is no such preset. */
  removePreset(token: string): boolean {
    return this.#presets.delete(token);
  }

  setHome(now: number): void {
    this.#home = this.position(now);
  }

  goHome(now: number, speed = 1): void {
    this.moveTo(this.#home, now, speed);
  }

  #given(values: Partial<PtzPosition>): [Axis, number][] {
    const names = ['pan', 'tilt', 'zoom'] as const;
    return names.flatMap((name): [Axis, number][] => {
      const value = values[name];
      return value === undefined ? [] : [[this.#axes[name], value]];
    });
  }
}

function clamp(value: number, minimum: number, maximum: number): number {
  return Math.min(maximum, Math.max(minimum, value));
}
