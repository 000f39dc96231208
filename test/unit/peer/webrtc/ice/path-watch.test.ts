import { expect, it } from 'vitest';
import { PathWatch, type PathSigns } from '../../../../../src/peer/webrtc/ice/path-watch.ts';

/** What is said at each second from 1 on of a path of which these signs come. */
function watch(seconds: number, signsAt: (second: number) => PathSigns | undefined): string[] {
  const path = new PathWatch(0);
  return Array.from({ length: seconds }, (_, index) => path.check(signsAt(index + 1), (index + 1) * 1000));
}

const times = (count: number, state: string): string[] => Array.from({ length: count }, () => state);

it('a path on which the viewer is heard and confirms is well', () => {
  expect(watch(60, (second) => ({ id: 'a', heard: second, confirmed: Math.floor(second / 5) }))).toEqual(times(60, 'well'));
});

it('a path that fell silent fails after 5 s, and is lost after 27 s without a confirmation', () => {
  const signs = (second: number): PathSigns => ({ id: 'a', heard: Math.min(second, 20), confirmed: Math.min(second, 20) });
  expect(watch(55, signs)).toEqual([...times(24, 'well'), ...times(22, 'failing'), ...times(9, 'lost')]);
});

it('a path of a viewer that says something only every 5 s fails after 10 s', () => {
  const heard = (second: number): number => Math.floor(Math.min(second, 40) / 5);
  expect(watch(52, (second) => ({ id: 'a', heard: heard(second), confirmed: heard(second) }))).toEqual([
    ...times(49, 'well'),
    ...times(3, 'failing'),
  ]);
});

it('a path that falls silent before it is known what is usual fails after 7 s', () => {
  const signs = (second: number): PathSigns => ({ id: 'a', heard: Math.min(second, 3), confirmed: Math.min(second, 3) });
  expect(watch(11, signs)).toEqual([...times(9, 'well'), ...times(2, 'failing')]);
});

it('a path on which the viewer is heard but does not confirm fails after 13 s, and is lost after 27 s', () => {
  const signs = (second: number): PathSigns => ({ id: 'a', heard: second, confirmed: 1 });
  expect(watch(35, signs)).toEqual([...times(13, 'well'), ...times(14, 'failing'), ...times(8, 'lost')]);
});

it('a path that comes back to life is well again', () => {
  const signs = (second: number): PathSigns => {
    const sign = second > 20 && second < 28 ? 20 : second;
    return { id: 'a', heard: sign, confirmed: sign };
  };
  expect(watch(30, signs)).toEqual([...times(24, 'well'), ...times(3, 'failing'), ...times(3, 'well')]);
});

it('another path begins anew; while it is looked for the time of the former one runs on', () => {
  const signs = (second: number): PathSigns | undefined =>
    second <= 5 ? { id: 'a', heard: 1, confirmed: 1 } : second <= 20 ? undefined : { id: 'b', heard: 0, confirmed: 0 };
  expect(watch(22, signs)).toEqual([...times(7, 'well'), ...times(13, 'failing'), 'well', 'well']);
  expect(watch(40, (second) => (second <= 5 ? { id: 'a', heard: second, confirmed: second } : undefined)).at(34)).toBe('lost');
});
