import { describe, expect, it } from 'vitest';
import { SignalingError } from '../../../src/client/index.ts';
import { isPermanent, signalingReason } from '../../../src/page/signaling-reason.ts';

describe('reasons of a lost session', () => {
  it('say what happened and what to do', () => {
    expect(signalingReason(new SignalingError(403, 'The token does not allow this camera.'))).toEqual({
      code: 'signaling.403',
      message: 'The token does not allow this camera.',
      advice: 'Get a token that allows it.',
    });
  });

  it('pass on what the camera said of itself, in place of a guess', () => {
    const detail = 'The profile sends H265, which browsers cannot play.';
    expect(signalingReason(new SignalingError(480, undefined, detail))).toEqual({
      code: 'signaling.480',
      message: `The camera is not available right now. ${detail}`,
    });
    expect(signalingReason(new SignalingError(480)).advice).toMatch(/power/);
  });

  it('ask for a token where it was refused, also of those to whom the gateway printed nothing', () => {
    const { advice } = signalingReason(new SignalingError(401));
    expect(advice).toMatch(/^Type a token/);
    expect(advice).not.toMatch(/printed/);
  });

  it('give no advice where waiting is all there is', () => {
    expect(signalingReason(new SignalingError(410, 'The camera closed the session.'))).not.toHaveProperty('advice');
  });

  it('stop the attempts only where a person has to act', () => {
    const permanent = [400, 401, 403, 404, 408, 410, 480, 503, 504, 1001, 1002].filter((code) =>
      isPermanent(signalingReason(new SignalingError(code))),
    );
    expect(permanent).toEqual([400, 401, 403]);
  });
});
