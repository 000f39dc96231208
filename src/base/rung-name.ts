import type { RungInfo, Thinning } from './adaptation.ts';

const LESS: Readonly<Record<Thinning, string>> = {
  none: '',
  discardable: ', fewer pictures a second',
  keyframes: ', still pictures only',
  pictures: ', sound only',
};

/**
 * What is sent, in words for people who know their cameras and not ours: `Sub stream`, `Sub stream, still pictures only`.
 *
 * @param profiles of the camera; one that is not among them is called by its token
 */
export function rungName({ profile, thinning }: RungInfo, profiles: readonly { token: string; name: string }[] = []): string {
  return (profiles.find(({ token }) => token === profile)?.name ?? profile) + LESS[thinning];
}
