/** Whether viewers may talk to a camera; `auto`: where its profile has an audio decoder. */
export type TalkMode = (typeof TALK_MODES)[number];

export const TALK_MODES = ['auto', 'on', 'off'] as const;
