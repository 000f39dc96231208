import { expect, it } from 'vitest';
import { Metrics } from '../../../src/http/metrics.ts';
import { cameraInfo, StubView } from './stub-view.ts';

it('metrics count the events of each camera that is asked for them', async () => {
  const view = new StubView();
  const counters = { notifications: 10, dropped: 2, documents: 5, subscriptions: 3 };
  view.cameraList = [cameraInfo({ events: { state: 'subscribed', reason: null, ...counters } }), cameraInfo({ id: 'gate' })];
  const metrics = new Metrics(view);
  await metrics.text();
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('onvif_gateway_event_'));
  expect(lines).toEqual([
    'onvif_gateway_event_notifications_total{camera="front-door"} 10',
    'onvif_gateway_event_notifications_dropped_total{camera="front-door"} 2',
    'onvif_gateway_event_documents_total{camera="front-door"} 5',
    'onvif_gateway_event_subscriptions_total{camera="front-door"} 3',
  ]);
});
