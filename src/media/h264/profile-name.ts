import type { SequenceParameters } from './sequence-parameters.ts';

const NAMES = new Map([
  [66, 'Baseline'],
  [77, 'Main'],
  [88, 'Extended'],
  [100, 'High'],
  [110, 'High 10'],
  [122, 'High 4:2:2'],
  [244, 'High 4:4:4 Predictive'],
  [44, 'CAVLC 4:4:4 Intra'],
]);
const BASELINE = 66;
const LEVEL_1B = 9;
const CONSTRAINT_SET_1 = 0x40;
const CONSTRAINT_SET_3 = 0x10;

type ProfileAndLevel = Pick<SequenceParameters, 'profileIdc' | 'constraints' | 'levelIdc'>;

/** `Constrained Baseline`, `High` ...: ITU-T H.264 section A.2. */
export function profileName({ profileIdc, constraints }: ProfileAndLevel): string {
  const name = NAMES.get(profileIdc) ?? `profile ${profileIdc}`;
  return profileIdc === BASELINE && (constraints & CONSTRAINT_SET_1) !== 0 ? `Constrained ${name}` : name;
}

/** `4.0`; section A.3.1 has two ways to write level 1b. */
export function levelName({ profileIdc, constraints, levelIdc }: ProfileAndLevel): string {
  const isOld = profileIdc === 66 || profileIdc === 77 || profileIdc === 88;
  if (levelIdc === LEVEL_1B || (isOld && levelIdc === 11 && (constraints & CONSTRAINT_SET_3) !== 0)) return '1b';
  return (levelIdc / 10).toFixed(1);
}

/** `640028`: profile-level-id of RFC 6184 section 8.1. */
export function profileLevelId({ profileIdc, constraints, levelIdc }: ProfileAndLevel): string {
  return Buffer.from([profileIdc, constraints, levelIdc]).toString('hex');
}
