import { reasonOf } from '../base/errors.ts';
import type { EventListener } from './event-documents.ts';
import type { ViewerSession } from './viewer-session.ts';

/** A viewer as one who may be sent documents made of its camera's events. */
export function eventListener(viewer: ViewerSession): EventListener {
  return {
    get listens() {
      return viewer.session.takesMetadata && viewer.watched.listensToEvents;
    },
    send: (gzipped) => {
      try {
        viewer.session.sendMetadata(gzipped);
      } catch (error) {
        viewer.session.close(reasonOf(error));
      }
    },
  };
}
