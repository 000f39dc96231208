import type { Camera } from '../../camera/camera.ts';
import { hasOwnSerial, isSameDevice, type DeviceIdentity } from '../../camera/device-identity.ts';
import { onvifAddressOf } from '../../camera/discovery/device-address.ts';
import type { PresentDevice } from '../../camera/discovery/present-devices.ts';
import type { CameraPlace } from '../../camera/whereabouts.ts';
import type { Credentials } from '../../config/addresses.ts';
import { isOwnName } from '../../config/endpoint-reference.ts';
import type { CameraLocations } from './camera-locations.ts';
import type { CandidateLogins } from './candidate-logins.ts';
import type { NetworkView } from './network-view.ts';

/** Waits until a camera is tried again at a place where it was not; milliseconds, doubled each time. */
const AGAIN_FIRST_MS = 5000;
const AGAIN_MAX_MS = 60_000;

/** So long after {@link Camera.refresh} a camera that is online was connected anew, milliseconds. */
const CONNECTED_MS = 30_000;
/** A device at the address of a camera is taken as its replacement once discovery has not heard the camera's own for this long, milliseconds. */
const REPLACED_MS = 10 * 60_000;

export interface FollowingOptions {
  locations: CameraLocations;
  logins: Pick<CandidateLogins, 'ask'>;
}

/** By device the cameras whose business it is. */
type Takers = ReadonlyMap<PresentDevice, readonly Camera[]>;

/** What one look goes by. */
interface Round {
  network: NetworkView;
  changed: ReadonlySet<string>;
  taken: Takers;
  /** The cameras that are connected, by {@link placeKey}. */
  connected: ReadonlyMap<string, readonly Camera[]>;
  /** Devices that answer, and where each is reached; the newest first, since a camera that calls itself something new is new. */
  candidates: readonly { device: PresentDevice; place: CameraPlace }[];
  /** What devices said of themselves in this look, by the credentials that they were shown. */
  said: Map<string, Map<PresentDevice, Said>>;
}

/** See {@link CandidateLogins.ask}. */
type Said = ReturnType<CandidateLogins['ask']>;

/** What is remembered of one camera between two looks. */
interface Trace {
  /** The device that was seen where the camera is, and since when, by `performance.now()`. */
  here: string | undefined;
  hereSince: number;
  /** Where it was sent last, and when it may be sent there again, by `performance.now()`. */
  sent: { place: string; againAt: number; waitMs: number } | undefined;
  /** When the camera was missed first while another device is at its address, by `performance.now()`. */
  missedAt: number | undefined;
  /** Devices that are still to say whether they are this camera. */
  asking: Set<string>;
}

/**
 * Finds cameras again whose address changed: by what they call themselves in discovery, and where that changed too by their
 * serial number. What is on the network may lie: a camera that is where it should be is left there, and one that was found elsewhere
 * must prove by its serial number to be the one, where that is known.
 */
export class Following {
  readonly #options: FollowingOptions;
  readonly #traces = new WeakMap<Camera, Trace>();

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /** Looks at each camera by ONVIF; `changed` are the devices that are heard at a new address. */
  look(cameras: readonly Camera[], network: NetworkView, changed: ReadonlySet<string>): void {
    const answering = network.devices.filter((device) => device.answering.length > 0).toSorted((a, b) => b.since - a.since);
    const round: Round = {
      network,
      changed,
      taken: this.#taken(cameras, network),
      connected: this.#connected(cameras),
      candidates: answering.map((device) => ({
        device,
        place: onvifAddressOf({ addresses: device.answering, xaddrs: device.xaddrs }),
      })),
      said: new Map(),
    };
    for (const camera of cameras.filter(({ kind }) => kind === 'onvif')) {
      const trace = this.#traceOf(camera);
      trace.asking.clear();
      if (camera.status.state === 'online') this.#stay(camera, trace, round);
      else this.#search(camera, trace, round);
      this.#replace(camera, trace, network, cameras);
    }
  }

  /** True while a camera that was lost may turn out to be this device. */
  isExpected(camera: Camera, device: PresentDevice): boolean {
    return this.#traces.get(camera)?.asking.has(device.endpointReference) === true;
  }

  /** Learns what the device of a connected camera calls itself, and has the camera looked at where another one is seen in its place. */
  #stay(camera: Camera, trace: Trace, round: Round): void {
    const { network, changed } = round;
    const here = network.at(this.#options.locations.of(camera));
    const before = trace.here;
    trace.here = here?.endpointReference;
    if (before !== trace.here) trace.hereSince = performance.now();
    const own = network.answering(camera.identity?.endpointReference);
    if (here === undefined) {
      if (before !== undefined || isIn(changed, own)) camera.refresh();
      return;
    }
    const isNewHere = before !== here.endpointReference;
    if (own === undefined || own === here) return this.#isHere(camera, trace, here, isNewHere, changed);
    if (isNewHere) return camera.refresh();
    // Nothing but its name tells the camera from the device that has its address now.
    const elsewhere = this.#placeOf(own, camera, round);
    if (camera.identity?.serial === '' && elsewhere !== undefined) this.#send(camera, trace, elsewhere, BY_REFERENCE);
  }

  /** Nothing says that the device which is seen where the camera is connected is another one. */
  #isHere(camera: Camera, trace: Trace, here: PresentDevice, isNewHere: boolean, changed: ReadonlySet<string>): void {
    trace.sent = undefined;
    const isRenamed = here.endpointReference !== (camera.identity?.endpointReference ?? here.endpointReference);
    // It may be another device all the same, unless the camera was connected since it is there.
    if (isRenamed && isNewHere) return camera.refresh();
    if (isRenamed && performance.now() - trace.hereSince < CONNECTED_MS) return;
    this.#learn(camera, here);
    // Also heard at its old address a moment ago, where it may not be any more.
    if (here.answering.length > 1 && isIn(changed, here)) camera.refresh();
  }

  #learn(camera: Camera, device: PresentDevice): void {
    const { identity, status } = camera;
    const { information } = status;
    const isNew = identity === null || identity.endpointReference === null;
    const isNamedAnew = identity !== null && information !== null && isSameDevice(identity, information);
    // The first time, or its firmware writes maker and model differently now.
    const isKnown =
      identity?.endpointReference === device.endpointReference &&
      (identity.serial === '' || identity.serial === information?.serial);
    if (isNew || isNamedAnew || isKnown) {
      camera.learn(isOwnName(device.endpointReference) ? device.endpointReference : null);
    }
  }

  #search(camera: Camera, trace: Trace, round: Round): void {
    const { identity, credentials, status } = camera;
    trace.here = undefined;
    if (identity === null) return;
    const own = round.network.answering(identity.endpointReference);
    if (own !== undefined) {
      const place = this.#placeOf(own, camera, round);
      if (place !== undefined && status.state === 'failed') this.#send(camera, trace, place, BY_REFERENCE);
      return;
    }
    // Who is to be reached by https alone is not asked for by less.
    if (!hasOwnSerial(identity) || camera.place?.secure === true) return;
    const shown = credentials ?? NO_CREDENTIALS;
    const answers = answersTo(shown, round);
    for (const { device, place } of round.candidates) {
      if (!isFree(device, identity, round.taken)) continue;
      // One that is still tried at its own address need not be looked for.
      const isLost = status.state === 'failed';
      if (isLost && !answers.has(device)) {
        answers.set(device, this.#options.logins.ask(place, device.endpointReference, shown));
      }
      const said = isLost ? answers.get(device) : undefined;
      if (said === undefined) trace.asking.add(device.endpointReference);
      else if (said !== null && isSameDevice(identity, said)) return this.#send(camera, trace, place, BY_SERIAL);
    }
  }

  /** A broken camera is replaced by a new one at the same address; that must not take somebody who edits files. */
  #replace(camera: Camera, trace: Trace, network: NetworkView, cameras: readonly Camera[]): void {
    const { stranger, identity } = camera;
    const isMissed = stranger !== null && network.find(identity?.endpointReference) === undefined;
    trace.missedAt = isMissed ? (trace.missedAt ?? performance.now()) : undefined;
    if (!isMissed || trace.missedAt === undefined || performance.now() - trace.missedAt < REPLACED_MS) return;
    // Somebody may be the camera yet.
    if (trace.asking.size > 0) return;
    const here = network.at(this.#options.locations.of(camera));
    const isOthers = cameras.some((other) => {
      if (other === camera || other.identity === null || isSameEncoder(camera, other)) return false;
      const isItsSerial = hasOwnSerial(other.identity) && other.identity.serial === stranger.information.serial;
      return isItsSerial || (here !== undefined && network.find(other.identity.endpointReference) === here);
    });
    if (!isOthers) camera.replace();
  }

  #send(camera: Camera, trace: Trace, to: CameraPlace, by: string): void {
    const place = `${to.host} ${to.port}`;
    const now = performance.now();
    const again = trace.sent?.place === place;
    if (again && trace.sent !== undefined && now < trace.sent.againAt) return;
    const waitMs = again ? Math.min(AGAIN_MAX_MS, (trace.sent?.waitMs ?? 0) * 2) : AGAIN_FIRST_MS;
    trace.sent = { place, againAt: now + waitMs, waitMs };
    camera.moved(to, by);
  }

  /**
   * Where the device answers now, other than where the camera is tried, and where another camera is connected: there are makers
   * whose devices all call themselves the same. Two cameras whose addresses were exchanged are each connected in the other's place.
   */
  #placeOf(device: PresentDevice, camera: Camera, { connected, network }: Round): CameraPlace | undefined {
    const { onvif } = this.#options.locations.of(camera);
    const elsewhere = device.answering.filter((address) => {
      const { port } = onvifAddressOf({ addresses: [address], xaddrs: device.xaddrs });
      const isHere = onvif?.addresses.includes(address) === true && (onvif.secure === true || onvif.port === port);
      const others = connected.get(placeKey(address, port)) ?? [];
      return !isHere && others.every((other) => isSameEncoder(camera, other) || isMisplaced(other, device, network));
    });
    return elsewhere.length === 0 ? undefined : onvifAddressOf({ addresses: elsewhere, xaddrs: device.xaddrs });
  }

  #connected(cameras: readonly Camera[]): Map<string, Camera[]> {
    const connected = new Map<string, Camera[]>();
    for (const camera of cameras) {
      const { onvif } = this.#options.locations.of(camera);
      if (onvif === null || camera.status.state !== 'online') continue;
      for (const address of onvif.addresses) {
        const key = placeKey(address, onvif.port);
        connected.set(key, [...(connected.get(key) ?? []), camera]);
      }
    }
    return connected;
  }

  /** Devices that are the business of cameras: they have their name, or are where they are connected. */
  #taken(cameras: readonly Camera[], network: NetworkView): Takers {
    const taken = new Map<PresentDevice, Camera[]>();
    for (const camera of cameras) {
      const own = network.find(camera.identity?.endpointReference);
      const isHere = camera.kind === 'rtsp' || camera.status.state === 'online';
      const here = isHere ? network.at(this.#options.locations.of(camera)) : undefined;
      for (const device of [own, here]) if (device !== undefined) taken.set(device, [...(taken.get(device) ?? []), camera]);
    }
    return taken;
  }

  #traceOf(camera: Camera): Trace {
    const trace = this.#traces.get(camera) ?? {
      here: undefined,
      hereSince: 0,
      sent: undefined,
      missedAt: undefined,
      asking: new Set<string>(),
    };
    this.#traces.set(camera, trace);
    return trace;
  }
}

const BY_REFERENCE = 'endpoint reference';
const BY_SERIAL = 'serial number';
/** Always the same object, as those of a camera are. */
const NO_CREDENTIALS = { username: '', password: '' };

function placeKey(address: string, port: number): string {
  return `${address} ${port}`;
}

/** Hundreds of lost cameras ask the same of hundreds of devices. */
function answersTo({ username, password }: Credentials, { said }: Round): Map<PresentDevice, Said> {
  const shown = `${username}\n${password}`;
  const answers = said.get(shown) ?? new Map<PresentDevice, Said>();
  said.set(shown, answers);
  return answers;
}

/** A device is another camera's, unless that one is an input of the same encoder. */
function isFree(device: PresentDevice, identity: DeviceIdentity, taken: Takers): boolean {
  return (taken.get(device) ?? []).every((taker) => taker.identity !== null && isSameDevice(identity, taker.identity));
}

/** Inputs of one encoder are configured at one address, or have one serial number. */
function isSameEncoder(camera: Camera, other: Camera): boolean {
  const home = ({ configuredAddress, address }: Camera): string => configuredAddress ?? address;
  if (home(camera) === home(other)) return true;
  return camera.identity !== null && other.identity !== null && isSameDevice(camera.identity, other.identity);
}

/** Whether a camera is connected to a device that is not it: nothing but its name is known of it, and by that it is elsewhere. */
function isMisplaced({ identity }: Camera, at: PresentDevice, network: NetworkView): boolean {
  if (identity?.serial !== '') return false;
  const own = network.answering(identity.endpointReference);
  return own !== undefined && own.endpointReference !== at.endpointReference;
}

function isIn(changed: ReadonlySet<string>, device: PresentDevice | undefined): boolean {
  return device !== undefined && changed.has(device.endpointReference);
}
